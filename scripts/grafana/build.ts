/** Dashboards as JSON, built with Grafana's typed builders, and the files that provision them. */
import * as barchart from '@grafana/grafana-foundation-sdk/barchart';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { campaignResults } from './campaign-results.js';
import { fleet } from './fleet.js';
import { datasourceUid, type DashboardSpec, type PanelQuery, type PanelSpec } from './model.js';

export const dashboards: readonly DashboardSpec[] = [campaignResults, fleet];

const datasource: common.DataSourceRef = { type: 'grafana-postgresql-datasource', uid: datasourceUid };
/** Put on every annotation by the controller (apps/controller/src/grafana). */
const annotationTag = 'dvfarm';

/** The dashboard's JSON, as Grafana reads it from a file. */
export function dashboardJson(spec: DashboardSpec): string {
  const builder = new dashboard.DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags([annotationTag])
    .timezone('browser')
    .time({ from: spec.from, to: 'now' })
    .refresh(spec.refresh)
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .readonly()
    .annotation(
      new dashboard.AnnotationQueryBuilder()
        .name('Campaigns')
        .enable(true)
        .iconColor('blue')
        .datasource({ type: 'grafana', uid: '-- Grafana --' })
        .target(built({ type: 'tags', tags: [annotationTag], limit: 100, matchAny: false })),
    );
  for (const variable of spec.variables)
    builder.withVariable(
      new dashboard.QueryVariableBuilder(variable.name)
        .label(variable.label)
        .datasource(datasource)
        .query(variable.query.sql)
        .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
        .sort(dashboard.VariableSort.Disabled),
    );
  for (const [index, { panel, place }] of placed(spec.panels).entries())
    builder.withPanel(
      panelOf(panel)
        .id(index + 1)
        .gridPos(place),
    );
  return `${JSON.stringify(builder.build(), null, 2)}\n`;
}

/** Panels from left to right, a new line where one does not fit; a line is as high as its highest panel. */
function placed(panels: readonly PanelSpec[]): { panel: PanelSpec; place: dashboard.GridPos }[] {
  let [x, y, height] = [0, 0, 0];
  return panels.map((panel) => {
    if (x + panel.width > 24) [x, y, height] = [0, y + height, 0];
    const place = { x, y, w: panel.width, h: panel.height };
    x += panel.width;
    height = Math.max(height, panel.height);
    return { panel, place };
  });
}

type AnyPanel = barchart.PanelBuilder | stat.PanelBuilder | table.PanelBuilder | timeseries.PanelBuilder;

function panelOf(spec: PanelSpec): AnyPanel {
  const panel = kindOf(spec);
  panel.title(spec.title).description(spec.description).datasource(datasource).withTarget(targetOf(spec));
  if (spec.unit !== undefined) panel.unit(spec.unit);
  if (spec.matrix !== undefined)
    panel.withTransformation({
      id: 'groupingToMatrix',
      options: { rowField: spec.matrix.row, columnField: spec.matrix.column, valueField: spec.matrix.value },
    });
  return panel;
}

function kindOf(spec: PanelSpec): AnyPanel {
  const legend = new common.VizLegendOptionsBuilder()
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
    .showLegend(true);
  switch (spec.kind) {
    case 'stat':
      return new stat.PanelBuilder()
        .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
        .colorMode(common.BigValueColorMode.None)
        .graphMode(common.BigValueGraphMode.None);
    case 'bars':
    case 'stacked-bars':
      return new barchart.PanelBuilder()
        .orientation(common.VizOrientation.Horizontal)
        .stacking(spec.kind === 'bars' ? common.StackingMode.None : common.StackingMode.Normal)
        .showValue(common.VisibilityMode.Auto)
        .legend(legend)
        .min(0);
    case 'table':
      return new table.PanelBuilder();
    case 'lines':
      return new timeseries.PanelBuilder().legend(legend).min(0).lineWidth(2).fillOpacity(8);
  }
}

function targetOf({ sql, format }: PanelQuery): Builder<Dataquery> {
  return built({ refId: 'A', datasource, editorMode: 'code', rawQuery: true, rawSql: sql, format });
}

/** The SDK has no builder for queries of this datasource: it takes anything that builds. */
function built(query: object): Builder<Dataquery> {
  return { build: () => query as Dataquery };
}

/** Provisioning: where Grafana finds the data. The role is made by the controller (DVFARM_GRAFANA_DB_PASSWORD). */
export function datasourceFile(): string {
  return `# Made by scripts/grafana; run "npm run gen".
apiVersion: 1
datasources:
  - name: duvisor-farm
    uid: ${datasourceUid}
    type: grafana-postgresql-datasource
    url: postgres:5432
    user: dvfarm_grafana
    isDefault: true
    editable: false
    jsonData: { database: dvfarm, sslmode: disable, postgresVersion: 1500 }
    secureJsonData: { password: $GRAFANA_DB_PASSWORD }
`;
}

export function providerFile(): string {
  return `# Made by scripts/grafana; run "npm run gen".
apiVersion: 1
providers:
  - name: duvisor-farm
    folder: duvisor-farm
    type: file
    disableDeletion: true
    allowUiUpdates: false
    options: { path: /etc/grafana/provisioning/dashboards }
`;
}
