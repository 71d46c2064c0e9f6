-- What Grafana was told of ended campaigns. The row is written before the first try: a try whose answer got lost is known.
create table "grafana_annotations" (
  "campaign_id" uuid not null primary key references "campaigns" ("id"),
  "tries" integer not null default 0,
  "next_try_at" timestamptz(3) not null,
  "posted_at" timestamptz(3),
  "annotation_id" bigint,
  "last_error" text,
  constraint "grafana_annotations_tries_check" check ("tries" >= 0),
  constraint "grafana_annotations_posted_check" check (("posted_at" is null) = ("annotation_id" is null))
);
