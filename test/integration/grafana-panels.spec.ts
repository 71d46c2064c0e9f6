/** Every query of the provisioned dashboards, on rows of a real campaign, with the rights that Grafana has. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startTestPostgres, type TestPostgres } from '../../libs/platform/src/testkit/servers.testkit.js';
import { dashboards } from '../../scripts/grafana/build.js';
import { datasourceUid, type ColumnKind, type PanelQuery } from '../../scripts/grafana/model.js';
import { Farm, root } from '../e2e/farm.testkit.js';

const provisioning = join(root, 'deploy', 'grafana', 'provisioning');
const password = 'of the test, with a \'quote"';

interface DashboardFile {
  uid: string;
  templating?: { list: { name: string; query: string; datasource: { uid: string } }[] };
  panels: {
    id: number;
    title: string;
    type: string;
    datasource: { uid: string };
    gridPos: { x: number; y: number; w: number; h: number };
    targets: { rawSql: string; format: string; datasource: { uid: string } }[];
  }[];
}

/** As Grafana reads them. */
const files = readdirSync(join(provisioning, 'dashboards'))
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(provisioning, 'dashboards', name), 'utf8')) as DashboardFile);

const oids: Readonly<Record<number, ColumnKind>> = {
  20: 'number', // int8
  21: 'number',
  23: 'number',
  700: 'number',
  701: 'number', // float8
  1700: 'number', // numeric
  25: 'text',
  1042: 'text', // char(n)
  1043: 'text',
  1184: 'time', // timestamptz
};

describe('dashboards', () => {
  it('are those that are defined, each with its uid and its panels', () => {
    expect(files.map(({ uid }) => uid).sort()).toEqual(dashboards.map(({ uid }) => uid).sort());
    for (const file of files)
      expect(file.panels.map(({ title }) => title)).toEqual(
        dashboards.find(({ uid }) => uid === file.uid)?.panels.map(({ title }) => title),
      );
  });

  it('ask the one datasource that is provisioned', () => {
    const { datasources } = parse(readFileSync(join(provisioning, 'datasources', 'dvfarm.yaml'), 'utf8')) as {
      datasources: { uid: string; user: string; type: string }[];
    };
    expect(datasources).toMatchObject([{ uid: datasourceUid, user: 'dvfarm_grafana' }]);
    for (const { panels, templating } of files)
      for (const { uid } of [
        ...panels.flatMap((panel) => [panel.datasource, ...panel.targets.map(({ datasource }) => datasource)]),
        ...(templating?.list ?? []).map(({ datasource }) => datasource),
      ])
        expect(uid).toBe(datasourceUid);
  });

  it('lay panels side by side, none over another, none beyond the edge', () => {
    for (const { panels } of files) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const taken = new Set<string>();
      for (const { title, gridPos } of panels)
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect(x, title).toBeLessThan(24);
            expect(taken.has(`${String(x)} ${String(y)}`), `${title} at ${String(x)}, ${String(y)}`).toBe(false);
            taken.add(`${String(x)} ${String(y)}`);
          }
    }
  });
});

describe('on a real campaign', () => {
  let postgres: TestPostgres;
  let farm: Farm;
  let client: Client;
  let campaignId: string;
  const from = new Date(Date.now() - 3_600_000).toISOString();

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const url = await postgres.createDatabase('for_grafana');
    farm = new Farm();
    await farm.controller({ DATABASE_URL: url, DVFARM_GRAFANA_DB_PASSWORD: password });
    farm.worker('sim-host-1');
    const campaign = await farm.submit({
      name: 'for-grafana',
      machine: { preset: 'firesim' },
      hypervisor: ['native', 'kvm', 'duvisor'],
      workload: [
        { name: ['hypercall', 'mmio'], iterations: 60, warmup: 10 },
        { name: 'memcached-like', requests: 40, warmup: 10, keys: 16 },
      ],
      exclude: [{ hypervisor: 'native', workload: { name: ['hypercall', 'mmio'] } }],
      seeds: 2,
    });
    campaignId = campaign.id;
    expect(await farm.ended(campaign.id)).toMatchObject({ status: 'passed' });
    // Answered from the cache: Grafana shows the original's figures.
    await farm.ended((await farm.submit({ ...small, name: 'cached' })).id);
    const address = new URL(url);
    address.username = 'dvfarm_grafana';
    address.password = encodeURIComponent(password);
    client = new Client({ connectionString: address.toString() });
    await client.connect();
  }, 180_000);
  afterAll(async () => {
    await client.end();
    await farm.close();
    await postgres.stop();
  });

  const small = {
    machine: { preset: 'firesim' as const },
    hypervisor: 'kvm' as const,
    workload: { name: 'hypercall' as const, iterations: 60, warmup: 10 },
    seeds: 2,
  };

  /** The macros and variables of the queries, replaced as Grafana's PostgreSQL datasource does. */
  const expanded = (sql: string): string =>
    sql
      .replace(/\$__timeFilter\(([^)]+)\)/g, (_, column: string) => `${column} BETWEEN '${from}' AND now()`)
      .replace(/\$__timeGroup\(([^,]+), *'1m'\)/g, (_, column: string) => `floor(extract(epoch from ${column})/60)*60`)
      .replaceAll('$campaign', campaignId);

  async function check(sql: string, query: PanelQuery, empty: boolean): Promise<void> {
    const text = expanded(sql);
    expect(text).not.toMatch(/\$/);
    const { fields, rows } = await client.query<Record<string, unknown>>(text);
    const kinds = fields.map(({ name, dataTypeID }) => [name, oids[dataTypeID] ?? `oid ${String(dataTypeID)}`]);
    const wanted = Object.entries(query.columns).map(([name, kind]) => [
      name,
      // Grouped times are seconds since 1970: Grafana takes the column of a time series for what it is.
      kind === 'time' && sql.includes('$__timeGroup') ? 'number' : kind,
    ]);
    expect(kinds).toEqual(wanted);
    expect(rows.length > 0).toBe(!empty);
    if (query.format === 'time_series') expect(kinds.map(([name]) => name).slice(0, 2)).toEqual(['time', 'metric']);
  }

  for (const spec of dashboards) {
    const file = files.find(({ uid }) => uid === spec.uid);
    describe(spec.title, () => {
      for (const variable of spec.variables)
        it(`lists values of ${variable.name}`, () =>
          check(file?.templating?.list.find(({ name }) => name === variable.name)?.query ?? '', variable.query, false));
      for (const [index, panel] of spec.panels.entries())
        it(panel.title, () => check(file?.panels[index]?.targets[0]?.rawSql ?? '', panel, panel.onlyTrouble === true));
    });
  }

  it('shows the figures that the report has', async () => {
    const panel = dashboards[0]?.panels.find(({ title }) => title === 'KVM ÷ DuVisor');
    const { rows } = await client.query<{ workload: string; ratio: number }>(expanded(panel?.sql ?? ''));
    const report = JSON.parse(await farm.api().text(`/campaigns/${campaignId}/report?format=json`)) as {
      comparisons: { sectionTitle: string; effect: { ratio: number } }[];
    };
    const ratios = report.comparisons.map(({ effect }) => effect.ratio).sort();
    expect(rows.map(({ ratio }) => ratio).sort()).toEqual(ratios.map((ratio) => expect.closeTo(ratio, 9) as number));
  });

  it('the role reads no secret and writes nothing', async () => {
    // The setting is a help for those who mean well; the rights hold without it.
    await client.query('set default_transaction_read_only = off');
    for (const sql of [
      'select * from api_keys',
      'select token_hash from workers',
      'select lease_token_hash from attempts',
      'select console_text from results',
      'select * from evidence',
      'select 1 from bullmq.job limit 1',
      `insert into campaigns (name) values ('x')`,
      'update runs set priority = 1',
      'delete from metrics',
      'create table t (a int)',
    ])
      await expect(client.query(sql), sql).rejects.toThrow(/permission denied|does not exist/);
    await client.query('set default_transaction_read_only = on');
    await expect(client.query('create temp table t (a int)')).rejects.toThrow(/read-only transaction/);
  });
});
