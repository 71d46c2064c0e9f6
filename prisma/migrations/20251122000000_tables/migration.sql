-- The tables of schema.prisma.

create type "run_state" as enum ('QUEUED', 'LEASED', 'RUNNING', 'COLLECTING', 'CANCELLING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELLED', 'LOST', 'BROKEN');
create type "attempt_end" as enum ('RESULT', 'EXPIRED', 'RELEASED', 'CRASHED', 'CANCELLED');
create type "outcome_kind" as enum ('PASSED', 'FAILED', 'TIMED_OUT', 'DEADLOCK');
create type "event_kind" as enum ('TRANSITION', 'REFUSED', 'ALARM');
create type "api_scope" as enum ('READ', 'SUBMIT', 'WORKER', 'ADMIN');

create table "api_keys" (
  "id" uuid not null default gen_random_uuid(),
  "name" text not null,
  "key_hash" char(64) not null,
  "scopes" "api_scope"[],
  "created_at" timestamptz(3) not null default current_timestamp,
  "revoked_at" timestamptz(3),
  constraint "api_keys_pkey" primary key ("id")
);

create table "campaigns" (
  "id" uuid not null default gen_random_uuid(),
  "number" serial not null,
  "name" text not null,
  "description" text,
  "file" jsonb not null,
  "engine" text not null,
  "no_cache" boolean not null,
  "host_seconds_limit" integer,
  "instructions_limit" bigint,
  "api_key_id" uuid not null,
  "idempotency_key" text,
  "request_hash" char(64) not null,
  "created_at" timestamptz(3) not null default current_timestamp,
  "cancel_requested_at" timestamptz(3),
  constraint "campaigns_pkey" primary key ("id")
);

create table "points" (
  "id" uuid not null default gen_random_uuid(),
  "campaign_id" uuid not null,
  "index" integer not null,
  "point_key" char(64) not null,
  "label" text not null,
  "machine" jsonb not null,
  "hypervisor" text not null,
  "workload" jsonb not null,
  constraint "points_pkey" primary key ("id")
);

create table "software" (
  "id" char(64) not null,
  "images" jsonb not null,
  "simulator" char(64) not null,
  constraint "software_pkey" primary key ("id")
);

create table "runs" (
  "id" uuid not null default gen_random_uuid(),
  "campaign_id" uuid not null,
  "point_id" uuid not null,
  "software_id" char(64) not null,
  "index" integer not null,
  "seed" integer not null,
  "run_key" char(64) not null,
  "state" "run_state" not null default 'QUEUED',
  "version" integer not null default 1,
  "epoch" integer not null default 1,
  "attempts" integer not null default 0,
  "losses" integer not null default 0,
  "max_losses" integer not null default 5,
  "priority" integer not null,
  "reused_from_id" uuid,
  "reason" text,
  "created_at" timestamptz(3) not null default current_timestamp,
  "dispatched_at" timestamptz(3),
  "started_at" timestamptz(3),
  "ended_at" timestamptz(3),
  constraint "runs_pkey" primary key ("id")
);

create table "workers" (
  "id" uuid not null default gen_random_uuid(),
  "name" text not null,
  "token_hash" char(64) not null,
  "slots" integer not null,
  "simulator" char(64) not null,
  "host" jsonb not null,
  "registered_at" timestamptz(3) not null default current_timestamp,
  "seen_at" timestamptz(3) not null default current_timestamp,
  constraint "workers_pkey" primary key ("id")
);

create table "attempts" (
  "id" uuid not null default gen_random_uuid(),
  "run_id" uuid not null,
  "number" integer not null,
  "worker_id" uuid not null,
  "lease_token_hash" char(64) not null,
  "leased_at" timestamptz(3) not null default current_timestamp,
  "ended_at" timestamptz(3),
  "end" "attempt_end",
  "detail" text,
  "progress_instret" bigint not null default 0,
  "progress_cycles" bigint not null default 0,
  "progress_mips" double precision not null default 0,
  constraint "attempts_pkey" primary key ("id")
);

create table "leases" (
  "run_id" uuid not null,
  "attempt_id" uuid not null,
  "worker_id" uuid not null,
  "expires_at" timestamptz(3) not null,
  constraint "leases_pkey" primary key ("run_id")
);

create table "results" (
  "run_id" uuid not null,
  "attempt_id" uuid not null,
  "outcome" "outcome_kind" not null,
  "exit_code" integer,
  "outcome_detail" text not null,
  "cycles" bigint not null,
  "instret" bigint not null,
  "state_hash" text not null,
  "console_text" text not null,
  "images" jsonb not null,
  "simulator" char(64) not null,
  "host_seconds" double precision not null,
  "host_mips" double precision not null,
  "engine" text not null,
  "stored_at" timestamptz(3) not null default current_timestamp,
  constraint "results_pkey" primary key ("run_id")
);

create table "metrics" (
  "id" bigserial not null,
  "run_id" uuid not null,
  "name" text not null,
  "labels" jsonb not null,
  "amount" double precision not null,
  "unit" text not null,
  constraint "metrics_pkey" primary key ("id")
);

create table "artefacts" (
  "id" uuid not null default gen_random_uuid(),
  "run_id" uuid not null,
  "attempt_id" uuid not null,
  "name" text not null,
  "sha256" char(64) not null,
  "bytes" bigint not null,
  "created_at" timestamptz(3) not null default current_timestamp,
  constraint "artefacts_pkey" primary key ("id")
);

create table "evidence" (
  "id" uuid not null default gen_random_uuid(),
  "run_id" uuid not null,
  "attempt_id" uuid not null,
  "received_at" timestamptz(3) not null default current_timestamp,
  "result" jsonb not null,
  "agrees" boolean,
  constraint "evidence_pkey" primary key ("id")
);

create table "events" (
  "id" bigserial not null,
  "at" timestamptz(3) not null default current_timestamp,
  "campaign_id" uuid not null,
  "run_id" uuid not null,
  "kind" "event_kind" not null,
  "name" text not null,
  "from_state" "run_state",
  "to_state" "run_state",
  "attempt" integer not null default 0,
  "detail" text not null default '',
  "differing" text[],
  constraint "events_pkey" primary key ("id")
);

create table "outbox" (
  "id" bigserial not null,
  "run_id" uuid not null,
  "epoch" integer not null,
  "created_at" timestamptz(3) not null default current_timestamp,
  constraint "outbox_pkey" primary key ("id")
);

create unique index "api_keys_key_hash_key" on "api_keys" ("key_hash");
create unique index "campaigns_number_key" on "campaigns" ("number");
create unique index "campaigns_api_key_id_idempotency_key_key" on "campaigns" ("api_key_id", "idempotency_key");
create unique index "points_campaign_id_point_key_key" on "points" ("campaign_id", "point_key");
create unique index "points_campaign_id_index_key" on "points" ("campaign_id", "index");
create index "points_point_key_idx" on "points" ("point_key");
create unique index "runs_point_id_seed_key" on "runs" ("point_id", "seed");
create unique index "runs_campaign_id_index_key" on "runs" ("campaign_id", "index");
create index "runs_state_created_at_idx" on "runs" ("state", "created_at");
create index "runs_run_key_idx" on "runs" ("run_key");
create unique index "workers_token_hash_key" on "workers" ("token_hash");
create unique index "attempts_lease_token_hash_key" on "attempts" ("lease_token_hash");
create unique index "attempts_run_id_number_key" on "attempts" ("run_id", "number");
create unique index "leases_attempt_id_key" on "leases" ("attempt_id");
create index "leases_expires_at_idx" on "leases" ("expires_at");
create index "leases_worker_id_idx" on "leases" ("worker_id");
create unique index "results_attempt_id_key" on "results" ("attempt_id");
create unique index "metrics_run_id_name_labels_key" on "metrics" ("run_id", "name", "labels");
create unique index "artefacts_attempt_id_name_key" on "artefacts" ("attempt_id", "name");
create index "artefacts_run_id_idx" on "artefacts" ("run_id");
create index "evidence_run_id_idx" on "evidence" ("run_id");
create index "events_campaign_id_id_idx" on "events" ("campaign_id", "id");
create index "events_run_id_id_idx" on "events" ("run_id", "id");
create unique index "outbox_run_id_epoch_key" on "outbox" ("run_id", "epoch");

alter table "campaigns" add constraint "campaigns_api_key_id_fkey" foreign key ("api_key_id") references "api_keys" ("id") on delete restrict on update cascade;
alter table "points" add constraint "points_campaign_id_fkey" foreign key ("campaign_id") references "campaigns" ("id") on delete restrict on update cascade;
alter table "runs" add constraint "runs_campaign_id_fkey" foreign key ("campaign_id") references "campaigns" ("id") on delete restrict on update cascade;
alter table "runs" add constraint "runs_point_id_fkey" foreign key ("point_id") references "points" ("id") on delete restrict on update cascade;
alter table "runs" add constraint "runs_software_id_fkey" foreign key ("software_id") references "software" ("id") on delete restrict on update cascade;
alter table "runs" add constraint "runs_reused_from_id_fkey" foreign key ("reused_from_id") references "runs" ("id") on delete set null on update cascade;
alter table "attempts" add constraint "attempts_run_id_fkey" foreign key ("run_id") references "runs" ("id") on delete restrict on update cascade;
alter table "attempts" add constraint "attempts_worker_id_fkey" foreign key ("worker_id") references "workers" ("id") on delete restrict on update cascade;
alter table "leases" add constraint "leases_run_id_fkey" foreign key ("run_id") references "runs" ("id") on delete restrict on update cascade;
alter table "leases" add constraint "leases_attempt_id_fkey" foreign key ("attempt_id") references "attempts" ("id") on delete restrict on update cascade;
alter table "leases" add constraint "leases_worker_id_fkey" foreign key ("worker_id") references "workers" ("id") on delete restrict on update cascade;
alter table "results" add constraint "results_run_id_fkey" foreign key ("run_id") references "runs" ("id") on delete restrict on update cascade;
alter table "results" add constraint "results_attempt_id_fkey" foreign key ("attempt_id") references "attempts" ("id") on delete restrict on update cascade;
alter table "metrics" add constraint "metrics_run_id_fkey" foreign key ("run_id") references "runs" ("id") on delete restrict on update cascade;
alter table "artefacts" add constraint "artefacts_run_id_fkey" foreign key ("run_id") references "runs" ("id") on delete restrict on update cascade;
alter table "artefacts" add constraint "artefacts_attempt_id_fkey" foreign key ("attempt_id") references "attempts" ("id") on delete restrict on update cascade;
alter table "evidence" add constraint "evidence_run_id_fkey" foreign key ("run_id") references "runs" ("id") on delete restrict on update cascade;
alter table "evidence" add constraint "evidence_attempt_id_fkey" foreign key ("attempt_id") references "attempts" ("id") on delete restrict on update cascade;
alter table "events" add constraint "events_campaign_id_fkey" foreign key ("campaign_id") references "campaigns" ("id") on delete restrict on update cascade;
alter table "events" add constraint "events_run_id_fkey" foreign key ("run_id") references "runs" ("id") on delete restrict on update cascade;
alter table "outbox" add constraint "outbox_run_id_fkey" foreign key ("run_id") references "runs" ("id") on delete restrict on update cascade;
