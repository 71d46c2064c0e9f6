import type { LoadSpec } from '../load-spec.js';
import { MemcachedModel, sameMemcachedReply } from '../models/memcached.js';
import {
  encodeMemcached,
  MemcachedReplyParser,
  type MemcachedReply,
  type MemcachedRequest,
} from '../protocols/memcached.js';
import type { Exchange, ReplyReader, ServiceClient } from './client.js';
import { excerpt } from './excerpt.js';
import { KeyValues, type KeyValueRequest } from './key-values.js';

export class MemcachedClient implements ServiceClient<MemcachedReply> {
  readonly port = 11_211;
  private readonly keyValues: KeyValues;
  /** Nothing in a load expires: time stands still. */
  private readonly model = new MemcachedModel(() => 0);

  constructor(
    private readonly spec: LoadSpec,
    seed: number,
  ) {
    this.keyValues = new KeyValues(spec, seed);
  }

  newReader(): ReplyReader<MemcachedReply> {
    const parser = new MemcachedReplyParser();
    return Object.assign(parser, { expect: () => undefined });
  }

  *preload(connection: number): Generator<Exchange<MemcachedReply>> {
    for (const request of this.keyValues.preload(connection)) yield this.exchange(request);
  }

  next(connection: number): Exchange<MemcachedReply> {
    return this.exchange(this.keyValues.next(connection));
  }

  private exchange({ key, value }: KeyValueRequest): Exchange<MemcachedReply> {
    const request: MemcachedRequest =
      value === undefined ? { verb: 'get', keys: [key] } : { verb: 'set', key, flags: 0, exptime: 0, value };
    const expected = this.model.execute(request);
    return {
      name: `${request.verb} ${key}`,
      request: encodeMemcached(request),
      datagram: this.spec.transport === 'udp' && value === undefined,
      check: (reply) =>
        expected !== undefined && sameMemcachedReply(expected, reply)
          ? undefined
          : `found ${excerpt(reply)}, expected ${excerpt(expected)}`,
    };
  }
}
