import type { DashboardSpec } from './model.js';

/** A worker that was not heard of for so long is gone: an idle one asks at least every 5 s, a lease lasts 10 s. */
const alive = `seen_at > now() - interval '15 seconds'`;

export const fleet: DashboardSpec = {
  uid: 'dvfarm-fleet',
  title: 'Fleet and simulation rate',
  description:
    'Simulation hosts: what they hold, how fast they simulate, what gets lost. Nothing here is a figure of the target.',
  from: 'now-1h',
  refresh: '5s',
  variables: [],
  panels: [
    {
      title: 'Fleet',
      description: 'Workers heard of within 15 s, their slots, and those that hold a run.',
      kind: 'stat',
      width: 12,
      height: 4,
      sql: `select count(*) as "workers", coalesce(sum(slots), 0) as "slots",
       (select count(*) from leases) as "busy"
  from workers where ${alive}`,
      columns: { workers: 'number', slots: 'number', busy: 'number' },
      format: 'table',
    },
    {
      title: 'Runs',
      description: 'Runs of all campaigns that wait for a slot, that are in hand, and that ended in the range.',
      kind: 'stat',
      width: 12,
      height: 4,
      sql: `select count(*) filter (where state = 'QUEUED') as "waiting",
       count(*) filter (where ended_at is null and state <> 'QUEUED') as "in hand",
       count(*) filter (where $__timeFilter(ended_at)) as "ended"
  from runs`,
      columns: { waiting: 'number', 'in hand': 'number', ended: 'number' },
      format: 'table',
    },
    {
      title: 'Simulation rate by worker',
      description: 'Million target instructions per second of host time, of each run when it ended.',
      kind: 'lines',
      unit: 'suffix: MIPS',
      width: 12,
      height: 9,
      sql: `select s.stored_at as "time", w.name as "metric", s.host_mips as "MIPS"
  from results s
  join attempts a on a.id = s.attempt_id
  join workers w on w.id = a.worker_id
 where $__timeFilter(s.stored_at) order by 1`,
      columns: { time: 'time', metric: 'text', MIPS: 'number' },
      format: 'time_series',
    },
    {
      title: 'Runs ended per minute',
      description: 'By how they ended; cache hits are counted by themselves.',
      kind: 'lines',
      unit: 'suffix: runs/min',
      width: 12,
      height: 9,
      sql: `select $__timeGroup(ended_at, '1m') as "time",
       case when reused_from_id is null then state::text else 'cache hit' end as "metric",
       count(*) as "runs"
  from runs where $__timeFilter(ended_at) group by 1, 2 order by 1`,
      columns: { time: 'time', metric: 'text', runs: 'number' },
      format: 'time_series',
    },
    {
      title: 'Host seconds of a run',
      description: 'Time of computing on the simulation host, by workload.',
      kind: 'lines',
      unit: 's',
      width: 12,
      height: 9,
      sql: `select s.stored_at as "time", p.workload->>'name' as "metric", s.host_seconds as "seconds"
  from results s
  join runs r on r.id = s.run_id
  join points p on p.id = r.point_id
 where $__timeFilter(s.stored_at) order by 1`,
      columns: { time: 'time', metric: 'text', seconds: 'number' },
      format: 'time_series',
    },
    {
      title: 'Attempts lost or handed back',
      description: 'Per minute: leases that expired, runs given back by a stopping worker, simulators that failed.',
      kind: 'lines',
      unit: 'suffix: attempts/min',
      width: 12,
      height: 9,
      sql: `select $__timeGroup(ended_at, '1m') as "time", lower("end"::text) as "metric", count(*) as "attempts"
  from attempts
 where $__timeFilter(ended_at) and "end" in ('EXPIRED', 'RELEASED', 'CRASHED') group by 1, 2 order by 1`,
      columns: { time: 'time', metric: 'text', attempts: 'number' },
      format: 'time_series',
      onlyTrouble: true,
    },
    {
      title: 'Workers',
      description: 'Simulation hosts seen within the range.',
      kind: 'table',
      width: 12,
      height: 9,
      sql: `select name as "worker", case when ${alive} then 'alive' else 'gone' end as "state", slots as "slots",
       (select count(*) from leases l where l.worker_id = w.id) as "busy",
       host->>'cpu' as "CPU", (host->>'cores')::int as "cores", seen_at as "seen"
  from workers w where $__timeFilter(seen_at) order by seen_at desc limit 200`,
      columns: {
        worker: 'text',
        state: 'text',
        slots: 'number',
        busy: 'number',
        CPU: 'text',
        cores: 'number',
        seen: 'time',
      },
      format: 'table',
    },
    {
      title: 'Campaigns',
      description: 'Of the range: runs, those answered from the cache, and the host time that the others took.',
      kind: 'table',
      width: 12,
      height: 9,
      sql: `select c.number as "number", c.name as "campaign", c.created_at as "submitted", count(*) as "runs",
       count(r.reused_from_id) as "from cache", coalesce(sum(s.host_seconds), 0) as "host seconds",
       sum(s.instret) / nullif(sum(s.host_seconds), 0) / 1e6 as "MIPS"
  from campaigns c
  join runs r on r.campaign_id = c.id
  left join results s on s.run_id = r.id
 where $__timeFilter(c.created_at) group by c.id, c.number, c.name, c.created_at order by c.number desc limit 200`,
      columns: {
        number: 'number',
        campaign: 'text',
        submitted: 'time',
        runs: 'number',
        'from cache': 'number',
        'host seconds': 'number',
        MIPS: 'number',
      },
      format: 'table',
    },
  ],
};
