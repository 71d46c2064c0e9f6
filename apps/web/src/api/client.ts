/** The controller's API, typed by the contracts' schemas: every answer is checked before a page sees it. */
import {
  apiPrefix,
  campaignPageSchema,
  campaignViewSchema,
  idempotencyKeyHeader,
  planSchema,
  problemSchema,
  reportPageSchema,
  resultViewSchema,
  runHistorySchema,
  runPageSchema,
  runViewSchema,
  workerViewSchema,
  type CampaignPage,
  type CampaignView,
  type Plan,
  type Problem,
  type ReportFormat,
  type ReportPage,
  type ResultView,
  type RunHistory,
  type RunPage,
  type RunStatus,
  type RunView,
  type SubmitCampaign,
  type WorkerView,
} from '#libs/contracts';
import { z } from 'zod';
import { currentKey, signOut } from '../session.js';

/** The controller said no; `problem` tells why, with places in the file where it was bad input. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly problem: Problem | null,
  ) {
    super(message);
    this.name = 'RefusedError';
  }
}

/** Nobody answered: worth another try. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super('The controller does not answer.', { cause });
    this.name = 'UnreachableError';
  }
}

interface Options {
  json?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** An answer that is a success. A key that is not known any more ends the session. */
export async function open(path: string, { json, headers, signal }: Options = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(apiPrefix + path, {
      method: json === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${currentKey() ?? ''}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new UnreachableError(error);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) signOut();
  const problem = problemSchema.safeParse(await answer.json().catch(() => null));
  throw new RefusedError(
    answer.status,
    problem.success ? problem.data.detail : `${String(answer.status)} ${answer.statusText}`,
    problem.success ? problem.data : null,
  );
}

async function call<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  options: Options = {},
): Promise<z.output<Schema>> {
  const answer = await open(path, options);
  return schema.parse(await answer.json());
}

const one = encodeURIComponent;

export const api = {
  campaigns: (cursor: string | null, signal?: AbortSignal): Promise<CampaignPage> =>
    call(`/campaigns?limit=50${cursor === null ? '' : `&cursor=${one(cursor)}`}`, campaignPageSchema, with_(signal)),
  campaign: (id: string, signal?: AbortSignal): Promise<CampaignView> =>
    call(`/campaigns/${one(id)}`, campaignViewSchema, with_(signal)),
  runs: (id: string, cursor: string | null, status: RunStatus | null, signal?: AbortSignal): Promise<RunPage> =>
    call(
      `/campaigns/${one(id)}/runs?limit=100${cursor === null ? '' : `&cursor=${one(cursor)}`}${status === null ? '' : `&status=${status}`}`,
      runPageSchema,
      with_(signal),
    ),
  /** `idempotencyKey`: pressing the button again after a lost answer starts nothing twice. */
  submit: (request: SubmitCampaign, idempotencyKey: string): Promise<CampaignView> =>
    call('/campaigns', campaignViewSchema, { json: request, headers: { [idempotencyKeyHeader]: idempotencyKey } }),
  plan: (request: SubmitCampaign, signal?: AbortSignal): Promise<Plan> =>
    call('/campaigns/plan', planSchema, { json: request, ...with_(signal) }),
  cancel: (id: string): Promise<CampaignView> => call(`/campaigns/${one(id)}/cancel`, campaignViewSchema, { json: {} }),
  reportPage: (id: string, signal?: AbortSignal): Promise<ReportPage> =>
    call(`/campaigns/${one(id)}/report/page`, reportPageSchema, with_(signal)),
  run: (id: string, signal?: AbortSignal): Promise<RunView> => call(`/runs/${one(id)}`, runViewSchema, with_(signal)),
  history: (id: string, signal?: AbortSignal): Promise<RunHistory> =>
    call(`/runs/${one(id)}/history`, runHistorySchema, with_(signal)),
  /** Refused (409) while the run has none. */
  result: (id: string, signal?: AbortSignal): Promise<ResultView> =>
    call(`/runs/${one(id)}/result`, resultViewSchema, with_(signal)),
  workers: (signal?: AbortSignal): Promise<WorkerView[]> => call('/workers', z.array(workerViewSchema), with_(signal)),
};

/** Saves a file of the API under `name`; a link could not send the key. */
export async function download(path: string, name: string): Promise<void> {
  const content = await (await open(path)).blob();
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // Not at once: the browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function downloadReport(
  campaign: { id: string; number: number; name: string },
  format: ReportFormat,
): Promise<void> {
  return download(
    `/campaigns/${campaign.id}/report?format=${format}`,
    `campaign-${String(campaign.number)}-${campaign.name}.${format}`,
  );
}

function with_(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
