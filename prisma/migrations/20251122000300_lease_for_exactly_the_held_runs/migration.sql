-- A run has a lease exactly while a worker holds it. Checked at commit, so that the order of statements is free.

create function "check_lease_of_run"() returns trigger language plpgsql as $$
declare
  subject uuid;
  held boolean;
  leased boolean;
begin
  if tg_table_name = 'runs' then subject := new."id";
  elsif tg_op = 'DELETE' then subject := old."run_id";
  else subject := new."run_id";
  end if;
  select "state" in ('LEASED', 'RUNNING', 'COLLECTING', 'CANCELLING') into held from "runs" where "id" = subject;
  select exists (select 1 from "leases" where "run_id" = subject) into leased;
  if held is not null and held <> leased then
    raise exception 'run %: found a lease: %, expected: %', subject, leased, held using errcode = 'check_violation';
  end if;
  return null;
end $$;

create constraint trigger "runs_lease" after insert or update of "state" on "runs"
  deferrable initially deferred for each row execute function "check_lease_of_run"();
create constraint trigger "leases_run" after insert or delete on "leases"
  deferrable initially deferred for each row execute function "check_lease_of_run"();
