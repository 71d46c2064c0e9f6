/** What a dashboard says about itself, from which its JSON is built and by which its queries are tested. */

export const datasourceUid = 'dvfarm';

export type ColumnKind = 'time' | 'number' | 'text';

/** A query and the columns a panel needs of its answer, in order. */
export interface PanelQuery {
  readonly sql: string;
  readonly columns: Readonly<Record<string, ColumnKind>>;
  /** `time_series`: a column `time`, a column `metric` that names the line, and the value. */
  readonly format: 'table' | 'time_series';
}

export interface PanelSpec extends PanelQuery {
  readonly title: string;
  readonly description: string;
  readonly kind: 'stat' | 'bars' | 'stacked-bars' | 'table' | 'lines';
  /** Grafana's name of the unit, or `suffix: text`. */
  readonly unit?: string;
  /** Of 24 columns. */
  readonly width: 6 | 8 | 12 | 24;
  readonly height: number;
  /** Rows in long form (row, column, value) become one column for each value of `column`. */
  readonly matrix?: { readonly row: string; readonly column: string; readonly value: string };
  /** No row is good news: it shows what went wrong. */
  readonly onlyTrouble?: true;
}

export interface DashboardSpec {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly from: string;
  readonly refresh: string;
  /** Variables by name, with the query that lists their values. */
  readonly variables: readonly { readonly name: string; readonly label: string; readonly query: PanelQuery }[];
  readonly panels: readonly PanelSpec[];
}
