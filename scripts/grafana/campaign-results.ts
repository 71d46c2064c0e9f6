import type { DashboardSpec, PanelSpec } from './model.js';

/** Passed runs with their metrics; those of a cache hit are the original's. */
const ofCampaign = `from runs r
  join points p on p.id = r.point_id
  join metrics m on m.run_id = coalesce(r.reused_from_id, r.id)
 where r.campaign_id = '$campaign' and r.state = 'SUCCEEDED'`;

/** Of the micro-benchmarks; services count per request, and have panels of their own. */
const perOperation = `m.unit = 'cycles/op'`;

const hypervisorName = `case p.hypervisor when 'kvm' then 'KVM-like module' when 'duvisor' then 'DuVisor' else p.hypervisor end`;

const native = `
       avg(m.amount) filter (where p.hypervisor = 'native') as "native",`;

/** One column for each hypervisor, a row for each workload. */
function byHypervisor(metric: string, more = '', first = native): string {
  return `select p.workload->>'name' as "workload",${first}
       avg(m.amount) filter (where p.hypervisor = 'kvm') as "KVM-like module",
       avg(m.amount) filter (where p.hypervisor = 'duvisor') as "DuVisor"
  ${ofCampaign} and m.name = '${metric}'${more}
 group by 1 order by 1`;
}

const hypervisorColumns = {
  workload: 'text',
  native: 'number',
  'KVM-like module': 'number',
  DuVisor: 'number',
} as const;

const stacked = (metric: string, label: string): Pick<PanelSpec, 'sql' | 'columns' | 'format' | 'matrix'> => ({
  sql: `select concat(p.workload->>'name', ', ', ${hypervisorName}) as "bar",
       coalesce(m.labels->>'${label}', 'unnamed') as "${label}",
       avg(m.amount) as "value"
  ${ofCampaign} and m.name = '${metric}'
 group by 1, 2 order by 1, 2`,
  columns: { bar: 'text', [label]: 'text', value: 'number' },
  format: 'table',
  matrix: { row: 'bar', column: label, value: 'value' },
});

export const campaignResults: DashboardSpec = {
  uid: 'dvfarm-results',
  title: 'Campaign results',
  description: 'What one campaign measured. Cycles come from a cycle model, not RTL.',
  from: 'now-7d',
  refresh: '10s',
  variables: [
    {
      name: 'campaign',
      label: 'Campaign',
      query: {
        sql: `select concat('#', number, ' ', name) as "__text", id::text as "__value" from campaigns order by number desc limit 500`,
        columns: { __text: 'text', __value: 'text' },
        format: 'table',
      },
    },
  ],
  panels: [
    {
      title: 'Runs',
      description: 'Runs of the campaign by how they stand.',
      kind: 'stat',
      width: 24,
      height: 4,
      sql: `select count(*) as "runs",
       count(*) filter (where state = 'SUCCEEDED') as "passed",
       count(*) filter (where reused_from_id is not null) as "from cache",
       count(*) filter (where state in ('FAILED', 'TIMED_OUT', 'LOST', 'BROKEN')) as "failed",
       count(*) filter (where ended_at is null) as "open"
  from runs where campaign_id = '$campaign'`,
      columns: { runs: 'number', passed: 'number', 'from cache': 'number', failed: 'number', open: 'number' },
      format: 'table',
    },
    {
      title: 'Cycles per operation',
      description:
        'Micro-benchmarks: mean over seeds of the total, the guest’s own cycles included. Cycle model, not RTL.',
      kind: 'bars',
      unit: 'suffix: cycles/op',
      width: 12,
      height: 10,
      sql: byHypervisor('cycles.total', ` and ${perOperation}`, ''),
      columns: { workload: 'text', 'KVM-like module': 'number', DuVisor: 'number' },
      format: 'table',
    },
    {
      title: 'KVM ÷ DuVisor',
      description:
        'Total cycles per operation of the KVM-like module over DuVisor’s: geometric mean over pairs of equal seeds.',
      kind: 'bars',
      unit: 'suffix: ×',
      width: 12,
      height: 10,
      sql: `with totals as (
  select p.workload, p.machine, p.hypervisor, r.seed, m.amount
  ${ofCampaign} and m.name = 'cycles.total' and ${perOperation} and m.amount > 0
)
select k.workload->>'name' as "workload", exp(avg(ln(k.amount / d.amount))) as "ratio"
  from totals k
  join totals d on d.workload = k.workload and d.machine = k.machine and d.seed = k.seed
 where k.hypervisor = 'kvm' and d.hypervisor = 'duvisor'
 group by 1 order by 1`,
      columns: { workload: 'text', ratio: 'number' },
      format: 'table',
    },
    {
      title: 'Where the cycles go: phases',
      description: 'Cycles per operation by phase; they sum to the total. Cycle model, not RTL.',
      kind: 'stacked-bars',
      unit: 'suffix: cycles/op',
      width: 12,
      height: 12,
      ...stacked('cycles.phase', 'phase'),
    },
    {
      title: 'VM exits by cause',
      description: 'Mean over seeds, in the unit of the metric (absolute, or per operation).',
      kind: 'table',
      width: 12,
      height: 12,
      sql: `select p.workload->>'name' as "workload", ${hypervisorName} as "hypervisor",
       coalesce(m.labels->>'cause', 'all') as "cause", avg(m.amount) as "exits", m.unit as "unit"
  ${ofCampaign} and m.name in ('exits', 'exits.per-request', 'exits.kernel')
 group by 1, 2, 3, m.unit, m.name order by 1, 2, 4 desc`,
      columns: { workload: 'text', hypervisor: 'text', cause: 'text', exits: 'number', unit: 'text' },
      format: 'table',
    },
    {
      title: 'Requests per second of target time',
      description: 'Of services; mean over seeds. Cycle model, not RTL.',
      kind: 'bars',
      unit: 'reqps',
      width: 12,
      height: 10,
      sql: byHypervisor('requests.per-second'),
      columns: hypervisorColumns,
      format: 'table',
    },
    {
      title: 'Latency, 99th percentile',
      description: 'Of services, at the load generator; mean over seeds, in microseconds of target time.',
      kind: 'bars',
      unit: 'µs',
      width: 12,
      height: 10,
      sql: byHypervisor('latency.us', ` and m.labels->>'p' = '99'`),
      columns: hypervisorColumns,
      format: 'table',
    },
    {
      title: 'Where the cycles go: modes',
      description:
        'Of services: cycles per request by who ran (guest, VMM, host kernel, firmware); they sum to the total. Cycle model, not RTL.',
      kind: 'stacked-bars',
      unit: 'suffix: cycles/request',
      width: 24,
      height: 10,
      ...stacked('cycles.mode', 'mode'),
    },
    {
      title: 'Every run',
      description:
        'Target figures from reset to end; host figures are the simulation host’s and belong to the run that was executed.',
      kind: 'table',
      width: 24,
      height: 14,
      sql: `select p.label as "run", r.seed as "seed", r.state::text as "state", s.cycles as "target cycles", s.instret as "instructions",
       s.host_seconds as "host seconds", s.host_mips as "host MIPS", r.attempts as "tries", r.run_key as "key"
  from runs r
  join points p on p.id = r.point_id
  left join results s on s.run_id = coalesce(r.reused_from_id, r.id)
 where r.campaign_id = '$campaign' order by r.index`,
      columns: {
        run: 'text',
        seed: 'number',
        state: 'text',
        'target cycles': 'number',
        instructions: 'number',
        'host seconds': 'number',
        'host MIPS': 'number',
        tries: 'number',
        key: 'text',
      },
      format: 'table',
    },
  ],
};
