import {
  apiPrefix,
  artefactStoredSchema,
  campaignFileSchema,
  campaignPageSchema,
  campaignViewSchema,
  cancellationsSchema,
  giveUpSchema,
  handInAnswerSchema,
  handInSchema,
  healthSchema,
  heartbeatAnswerSchema,
  heartbeatSchema,
  idempotencyKeyHeader,
  leaseRequestSchema,
  leaseSchema,
  leaseTokenHeader,
  planSchema,
  problemMediaType,
  problemSchema,
  registerWorkerSchema,
  reportFormats,
  reportHeadSchema,
  reportPageSchema,
  resultViewSchema,
  runHistorySchema,
  runPageSchema,
  runStatuses,
  runViewSchema,
  submitCampaignSchema,
  workerRegisteredSchema,
  workerViewSchema,
} from '#libs/contracts';
import type { OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';

/** Whose key opens a route: none, a user's, the workers' join token, or a registered worker's own. */
type Holder = 'nobody' | 'user' | 'worker';

export interface Route {
  method: 'get' | 'post' | 'put';
  /** As OpenAPI writes it: `{id}`. */
  path: string;
  summary: string;
  holder: Holder;
  body?: z.ZodType;
  answer: z.ZodType | { mediaType: string };
  status?: number;
  query?: Record<string, object>;
  headers?: Record<string, string>;
}

const submission = submitCampaignSchema.extend({ file: campaignFileSchema });
const page = { cursor: { type: 'string' }, limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 } };

/** Every route of the API; a test compares it with what Nest serves. */
export const routes: readonly Route[] = [
  { method: 'get', path: '/health/live', summary: 'The process answers', holder: 'nobody', answer: healthSchema },
  {
    method: 'get',
    path: '/health/ready',
    summary: 'Database and queue answer too (503 otherwise)',
    holder: 'nobody',
    answer: healthSchema,
  },
  {
    method: 'get',
    path: `${apiPrefix}/schemas/campaign`,
    summary: 'JSON Schema of a campaign file, for editors',
    holder: 'nobody',
    answer: { mediaType: 'application/schema+json' },
  },
  {
    method: 'post',
    path: `${apiPrefix}/campaigns`,
    summary: 'Submit a campaign',
    holder: 'user',
    body: submission,
    answer: campaignViewSchema,
    status: 201,
    headers: { [idempotencyKeyHeader]: 'Sent again with the same request, the first campaign is answered' },
  },
  {
    method: 'post',
    path: `${apiPrefix}/campaigns/plan`,
    summary: 'What a submission would run; nothing is stored',
    holder: 'user',
    body: submission,
    answer: planSchema,
  },
  {
    method: 'get',
    path: `${apiPrefix}/campaigns`,
    summary: 'Campaigns, newest first',
    holder: 'user',
    answer: campaignPageSchema,
    query: page,
  },
  {
    method: 'get',
    path: `${apiPrefix}/campaigns/{id}`,
    summary: 'One campaign, by id or number',
    holder: 'user',
    answer: campaignViewSchema,
  },
  {
    method: 'post',
    path: `${apiPrefix}/campaigns/{id}/cancel`,
    summary: 'Stop what waits and what runs',
    holder: 'user',
    answer: campaignViewSchema,
  },
  {
    method: 'get',
    path: `${apiPrefix}/campaigns/{id}/runs`,
    summary: 'Its runs, in order of the file',
    holder: 'user',
    answer: runPageSchema,
    query: { ...page, status: { enum: runStatuses } },
  },
  {
    method: 'get',
    path: `${apiPrefix}/campaigns/{id}/events`,
    summary: 'Log and progress as server-sent events, until the campaign ends',
    holder: 'user',
    answer: { mediaType: 'text/event-stream' },
    query: {
      tail: { type: 'integer', minimum: 0, maximum: 1000, description: 'Begin so many events before the newest' },
    },
    headers: { 'last-event-id': 'Go on after this event' },
  },
  {
    method: 'get',
    path: `${apiPrefix}/campaigns/{id}/report`,
    summary: 'The report',
    holder: 'user',
    answer: reportHeadSchema,
    query: { format: { enum: reportFormats, default: 'json' } },
  },
  {
    method: 'get',
    path: `${apiPrefix}/campaigns/{id}/report/page`,
    summary: 'The report as headings, tables and drawn figures, for the dashboard',
    holder: 'user',
    answer: reportPageSchema,
  },
  {
    method: 'get',
    path: `${apiPrefix}/runs/{id}/history`,
    summary: 'What a run was made from, and every try at it',
    holder: 'user',
    answer: runHistorySchema,
  },
  { method: 'get', path: `${apiPrefix}/runs/{id}`, summary: 'One run', holder: 'user', answer: runViewSchema },
  {
    method: 'get',
    path: `${apiPrefix}/runs/{id}/result`,
    summary: "Its result; of a cache hit, the original's",
    holder: 'user',
    answer: resultViewSchema,
  },
  {
    method: 'get',
    path: `${apiPrefix}/runs/{id}/console`,
    summary: 'What the target wrote',
    holder: 'user',
    answer: { mediaType: 'text/plain' },
  },
  {
    method: 'get',
    path: `${apiPrefix}/runs/{id}/artefacts/{name}`,
    summary: 'A file of the run',
    holder: 'user',
    answer: { mediaType: 'application/octet-stream' },
  },
  {
    method: 'get',
    path: `${apiPrefix}/workers`,
    summary: 'Workers seen within the hour',
    holder: 'user',
    answer: z.array(workerViewSchema),
  },
  {
    method: 'post',
    path: `${apiPrefix}/workers/register`,
    summary: 'Join the cluster, with the join token',
    holder: 'worker',
    body: registerWorkerSchema,
    answer: workerRegisteredSchema,
    status: 201,
  },
  {
    method: 'post',
    path: `${apiPrefix}/workers/lease`,
    summary: 'Take a run',
    holder: 'worker',
    body: leaseRequestSchema,
    answer: leaseSchema,
  },
  {
    method: 'post',
    path: `${apiPrefix}/workers/cancellations`,
    summary: 'Wait for runs to be stopped (long poll)',
    holder: 'worker',
    answer: cancellationsSchema,
  },
  {
    method: 'post',
    path: `${apiPrefix}/workers/runs/{runId}/heartbeat`,
    summary: 'Renew the lease, report progress',
    holder: 'worker',
    body: heartbeatSchema,
    answer: heartbeatAnswerSchema,
  },
  {
    method: 'post',
    path: `${apiPrefix}/workers/runs/{runId}/result`,
    summary: 'Hand in the result',
    holder: 'worker',
    body: handInSchema,
    answer: handInAnswerSchema,
  },
  {
    method: 'post',
    path: `${apiPrefix}/workers/runs/{runId}/give-up`,
    summary: 'Give the run back, stopped or broken',
    holder: 'worker',
    body: giveUpSchema,
    answer: z.object({ state: z.string() }),
  },
  {
    method: 'put',
    path: `${apiPrefix}/workers/runs/{runId}/artefacts/{name}`,
    summary: 'Upload a file of the run',
    holder: 'worker',
    answer: artefactStoredSchema,
    headers: { [leaseTokenHeader]: 'The lease token' },
  },
];

/** OpenAPI 3.1, from the schemas that check the messages. */
export function openApiDocument(): OpenAPIObject {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'duvisor-farm',
      version: '1',
      description:
        'Campaigns of simulated runs: DuVisor beside KVM on an emulated RISC-V machine with a cycle model. Errors are problem documents (RFC 9457).',
    },
    paths,
    components: {
      securitySchemes: {
        user: { type: 'http', scheme: 'bearer', description: 'An API key' },
        worker: {
          type: 'http',
          scheme: 'bearer',
          description: "The workers' join token to register, then the worker's own",
        },
      },
    },
  } as OpenAPIObject;
}

/** For editors: what a campaign file may hold. */
export function campaignFileJsonSchema(): object {
  return { title: 'duvisor-farm campaign', ...jsonSchema(campaignFileSchema, 'input') };
}

function operation(route: Route): object {
  const parameters = [
    ...[...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(route.query ?? {}).map(([name, schema]) => ({ name, in: 'query', schema })),
    ...Object.entries(route.headers ?? {}).map(([name, description]) => ({
      name,
      in: 'header',
      description,
      schema: { type: 'string' },
    })),
  ];
  const content =
    'mediaType' in route.answer
      ? { [route.answer.mediaType]: {} }
      : { 'application/json': { schema: jsonSchema(route.answer, 'output') } };
  return {
    summary: route.summary,
    tags: [route.path.replace(`${apiPrefix}/`, '').split('/').filter(Boolean)[0]],
    parameters,
    ...(route.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(route.body, 'input') } } },
        }),
    responses: {
      [route.status ?? 200]: { description: 'As asked', content },
      default: {
        description: 'A problem',
        content: { [problemMediaType]: { schema: jsonSchema(problemSchema, 'output') } },
      },
    },
    security: route.holder === 'nobody' ? [] : [{ [route.holder]: [] }],
  };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  // Refinements have no JSON Schema; what they refuse is said by the problem document.
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' });
}
