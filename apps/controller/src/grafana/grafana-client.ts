import { z } from 'zod';

/** A span of time with words; Grafana draws it over the panels. Times in milliseconds since 1970. */
export interface Annotation {
  readonly time: number;
  readonly timeEnd: number;
  readonly tags: readonly string[];
  readonly text: string;
}

/** Grafana did not do what was asked. The message holds no secret. */
export class GrafanaError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GrafanaError';
  }
}

const createdSchema = z.object({ id: z.int() });
const foundSchema = z.array(z.object({ id: z.int() }));
const patienceMs = 10_000;

/** The part of Grafana's HTTP API that is used: annotations of the organisation. */
export class GrafanaClient {
  private readonly base: string;
  private readonly authorization: string | undefined;

  /** @param url may hold user and password, used without a token: a Grafana from a compose file has no token yet. */
  constructor(url: string, token: string | undefined) {
    const address = new URL(url);
    const { username, password } = address;
    address.username = '';
    address.password = '';
    this.base = address.toString().replace(/\/+$/, '');
    if (token !== undefined) this.authorization = `Bearer ${token}`;
    else if (username !== '') {
      const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      this.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    }
  }

  /** Returns Grafana's id of it. */
  async create(annotation: Annotation): Promise<number> {
    return (await this.call('POST', '/api/annotations', createdSchema, annotation)).id;
  }

  /** Id of an annotation with this tag; null when there is none. */
  async find(tag: string): Promise<number | null> {
    const query = new URLSearchParams({ type: 'annotation', tags: tag, limit: '1' });
    const found = await this.call('GET', `/api/annotations?${query.toString()}`, foundSchema);
    return found[0]?.id ?? null;
  }

  private async call<Schema extends z.ZodType>(
    method: 'GET' | 'POST',
    path: string,
    schema: Schema,
    body?: object,
  ): Promise<z.output<Schema>> {
    const what = `${method} ${path.replace(/\?.*/, '')}`;
    let text: string;
    try {
      const answer = await fetch(this.base + path, {
        method,
        headers: {
          accept: 'application/json',
          ...(this.authorization === undefined ? {} : { authorization: this.authorization }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patienceMs),
        // A login page behind a redirect would look like an answer.
        redirect: 'error',
      });
      text = await answer.text();
      if (!answer.ok) throw new GrafanaError(`${what}: found status ${answer.status}, expected success`);
    } catch (error) {
      if (error instanceof GrafanaError) throw error;
      const { cause, message } = error as Error & { cause?: Error };
      throw new GrafanaError(`${what}: ${cause?.message || message}`, { cause: error });
    }
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      throw new GrafanaError(`${what}: found an answer of another shape than Grafana's`, { cause: error });
    }
  }
}
