/** The controller's HTTP API as its callers (sim-worker, CLI) see it: typed answers, and two kinds of failure kept apart. */
import { apiPrefix, problemSchema, type Problem } from '#libs/contracts';
import type { z } from 'zod';
import { reasonOf } from '../database/database.js';

/** The controller answered, and said no. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** For programs, e.g. `LEASE_LOST`; `HTTP_<status>` when the answer was no problem document. */
    readonly code: string,
    message: string,
    readonly problem: Problem | null,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** Nobody answered, or not in time: worth another try. */
export class UnreachableError extends Error {
  readonly code = 'UNREACHABLE';

  constructor(url: string, cause: unknown) {
    super(`controller ${url}: ${phraseOf(cause)}`, { cause });
    this.name = 'UnreachableError';
  }
}

export interface Request {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 10 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ApiClient {
  readonly url: string;
  /** A JSON answer, checked. Throws {@link ApiError} or {@link UnreachableError}. */
  call<Schema extends z.ZodType>(path: string, schema: Schema, request?: Request): Promise<z.output<Schema>>;
  text(path: string, request?: Request): Promise<string>;
  /** The raw answer (already known to be a success), for streams. No time limit but the caller's signal. */
  open(path: string, request?: Request): Promise<Response>;
}

const defaultTimeoutMs = 10_000;

/** @param url of the controller, without the API prefix. */
export function apiClient(url: string, token: string | null): ApiClient {
  const base = url.replace(/\/+$/, '');

  async function send(path: string, request: Request, timeoutMs: number | null): Promise<Response> {
    const signals = [
      ...(timeoutMs === null ? [] : [AbortSignal.timeout(timeoutMs)]),
      ...(request.signal === undefined ? [] : [request.signal]),
    ];
    let answer: Response;
    try {
      answer = await fetch(`${base}${path.startsWith('/health') ? '' : apiPrefix}${path}`, {
        method: request.method ?? (request.json !== undefined ? 'POST' : request.bytes !== undefined ? 'PUT' : 'GET'),
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(request.bytes === undefined ? {} : { 'content-type': 'application/octet-stream' }),
          ...request.headers,
        },
        ...(request.json !== undefined
          ? { body: JSON.stringify(request.json) }
          : request.bytes !== undefined
            ? { body: Buffer.from(request.bytes) }
            : {}),
        ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
      });
    } catch (error) {
      throw new UnreachableError(base, error);
    }
    if (!answer.ok) throw await refusal(answer);
    return answer;
  }

  const bodyOf = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      throw new UnreachableError(base, error);
    }
  };

  return {
    url: base,
    async call(path, schema, request = {}) {
      const answer = await send(path, request, request.timeoutMs ?? defaultTimeoutMs);
      const text = await bodyOf(() => answer.text());
      return schema.parse(text === '' ? undefined : JSON.parse(text));
    },
    async text(path, request = {}) {
      const answer = await send(path, request, request.timeoutMs ?? defaultTimeoutMs);
      return bodyOf(() => answer.text());
    },
    open: (path, request = {}) => send(path, request, null),
  };
}

async function refusal(answer: Response): Promise<ApiError> {
  const text = await answer.text().catch(() => '');
  try {
    const problem = problemSchema.parse(JSON.parse(text));
    return new ApiError(answer.status, problem.code, problem.detail, problem);
  } catch {
    const line = text.split('\n')[0]?.slice(0, 200) ?? '';
    return new ApiError(answer.status, `HTTP_${String(answer.status)}`, line || answer.statusText, null);
  }
}

/** fetch hides the reason in `cause`. */
function phraseOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  return error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : reasonOf(error);
}
