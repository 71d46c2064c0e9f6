-- What a row can say: a value outside these is a bug of ours and stops at the database.

alter table "runs"
  add constraint "runs_seed_check" check ("seed" >= 0),
  add constraint "runs_counts_check" check ("version" >= 1 and "epoch" >= 1 and "losses" >= 0 and "losses" <= "attempts" and "max_losses" >= 1 and "losses" <= "max_losses" and "index" >= 0),
  add constraint "runs_key_check" check ("run_key" ~ '^[0-9a-f]{64}$'),
  add constraint "runs_not_own_answer_check" check ("reused_from_id" <> "id"),
  -- A result of another run can only be that of a passed one.
  add constraint "runs_reuse_check" check ("reused_from_id" is null or "state" = 'SUCCEEDED'),
  -- Ended exactly in the final states.
  add constraint "runs_ended_check" check (("ended_at" is not null) = ("state" in ('SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELLED', 'LOST', 'BROKEN')));

alter table "attempts"
  add constraint "attempts_number_check" check ("number" >= 1),
  add constraint "attempts_end_check" check (("ended_at" is null) = ("end" is null)),
  add constraint "attempts_progress_check" check ("progress_instret" >= 0 and "progress_cycles" >= 0);

alter table "results"
  add constraint "results_counts_check" check ("cycles" >= 0 and "instret" >= 0 and "host_seconds" >= 0);

alter table "artefacts"
  add constraint "artefacts_content_check" check ("bytes" >= 0 and "sha256" ~ '^[0-9a-f]{64}$');

alter table "events"
  add constraint "events_transition_check" check (("kind" = 'TRANSITION') = ("from_state" is not null and "to_state" is not null));

alter table "campaigns"
  add constraint "campaigns_limits_check" check (("host_seconds_limit" is null or "host_seconds_limit" > 0) and ("instructions_limit" is null or "instructions_limit" > 0));

-- One open attempt of a run at most: two workers cannot both be at it.
create unique index "attempts_one_open" on "attempts" ("run_id") where "ended_at" is null;

-- The look-up of a run key's answer.
create index "runs_answers" on "runs" ("run_key", "ended_at") where "state" = 'SUCCEEDED' and "reused_from_id" is null;
