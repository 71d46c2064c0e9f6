import type { LoadSpec } from '../load-spec.js';
import { RedisModel, sameRedisReply } from '../models/redis.js';
import { encodeCommand, RespReplyParser, type RespValue } from '../protocols/resp.js';
import type { Exchange, ReplyReader, ServiceClient } from './client.js';
import { excerpt } from './excerpt.js';
import { KeyValues, type KeyValueRequest } from './key-values.js';

export class RedisClient implements ServiceClient<RespValue> {
  readonly port = 6379;
  private readonly keyValues: KeyValues;
  /** Nothing in a load expires: time stands still. */
  private readonly model = new RedisModel(() => 0);

  constructor(spec: LoadSpec, seed: number) {
    this.keyValues = new KeyValues(spec, seed);
  }

  newReader(): ReplyReader<RespValue> {
    return Object.assign(new RespReplyParser(), { expect: () => undefined });
  }

  *preload(connection: number): Generator<Exchange<RespValue>> {
    for (const request of this.keyValues.preload(connection)) yield this.exchange(request);
  }

  next(connection: number): Exchange<RespValue> {
    return this.exchange(this.keyValues.next(connection));
  }

  private exchange({ key, value }: KeyValueRequest): Exchange<RespValue> {
    const words = value === undefined ? ['GET', key] : ['SET', key, value];
    const expected = this.model.execute(words);
    return {
      name: `${words[0]} ${key}`,
      request: encodeCommand(words),
      datagram: false,
      check: (reply) =>
        sameRedisReply(words, expected, reply) ? undefined : `found ${excerpt(reply)}, expected ${excerpt(expected)}`,
    };
  }
}
