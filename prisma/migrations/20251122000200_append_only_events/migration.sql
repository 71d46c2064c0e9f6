-- The log is appended to and never rewritten.

create function "refuse_change_of_log"() returns trigger language plpgsql as $$
begin
  raise exception 'table % is append-only: found %, expected INSERT', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;

create trigger "events_append_only" before update or delete on "events"
  for each row execute function "refuse_change_of_log"();
create trigger "events_no_truncate" before truncate on "events"
  for each statement execute function "refuse_change_of_log"();
