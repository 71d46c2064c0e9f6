/** Services in TypeScript in the place of the machine, right or wrong in one chosen point: what the load generator is tested against. */
import { MemcachedModel } from './models/memcached.js';
import { RedisModel } from './models/redis.js';
import { StaticFilesModel } from './models/http.js';
import { concat } from './net/bytes.js';
import { Station } from './net/station.js';
import type { TcpConnection } from './net/tcp-connection.js';
import { tcpTiming } from './net/tcp-timing.js';
import { fromBytes, toBytes } from './protocols/byte-string.js';
import { frameUdp } from './protocols/memcached.js';
import type { RespValue } from './protocols/resp.js';
import { Random } from './random.js';
import { machineAddress } from './load-generator.js';
import type { LoadSpec } from './load-spec.js';
import { staticFiles } from './static-files.js';

export const SECOND = 3_200_000_000;

export interface StubOptions {
  /** Cycles from a request to its reply. */
  readonly serviceCycles?: number;
  /** What to do to reply number n (from 0) instead of sending it. */
  readonly spoil?: (n: number, reply: Uint8Array, connection: TcpConnection | undefined) => Uint8Array | undefined;
}

/** Takes one request off the front of `text`. */
type Take = (text: string) => { readonly size: number; readonly reply: string } | undefined;

export interface StubMachine {
  readonly station: Station;
  /** Requests answered. */
  requests(): number;
  powerOffs(): number;
}

/** A machine with all three services, of which `spec` says the files. */
export function stubMachine(spec: LoadSpec, options: StubOptions = {}): StubMachine {
  const station = new Station({
    ...machineAddress,
    timing: tcpTiming(SECOND),
    arpInterval: SECOND / 100,
    random: new Random(9, 'machine'),
  });
  let requests = 0;
  let powerOffs = 0;
  const reply = (text: string, connection?: TcpConnection): Uint8Array | undefined => {
    const bytes = toBytes(text);
    const number = requests++;
    return options.spoil === undefined ? bytes : options.spoil(number, bytes, connection);
  };
  const later = (action: () => void): void =>
    station.clock.at(station.clock.now() + (options.serviceCycles ?? 20_000), action);
  const listen = (port: number, take: Take): void =>
    station.tcpListen(port, (connection) => {
      let text = '';
      return {
        data: (bytes) => {
          text += fromBytes(bytes);
          const replies: Uint8Array[] = [];
          for (let step = take(text); step !== undefined; step = take(text)) {
            text = text.slice(step.size);
            const answer = reply(step.reply, connection);
            if (answer !== undefined) replies.push(answer);
          }
          later(() => {
            if (connection.open && replies.length > 0) connection.send(concat(replies));
          });
        },
        ended: () => later(() => connection.close()),
      };
    });

  const memcached = memcachedServer();
  listen(11_211, memcached);
  listen(6379, redisServer());
  listen(80, httpServer(spec));
  const udp = station.udpOpen(11_211, ({ ip, port, payload }) => {
    const step = memcached(fromBytes(payload.subarray(8)));
    const answer = step === undefined ? undefined : reply(step.reply);
    if (answer === undefined) return;
    const id = payload[0]! * 256 + payload[1]!;
    later(() => udp.send({ ip, port, payload: frameUdp(id, answer) }));
  });
  const power = station.udpOpen(9, ({ ip, port, payload }) => {
    if (fromBytes(payload) !== 'quit') return;
    powerOffs += 1;
    power.send({ ip, port, payload: toBytes('bye') });
  });
  return { station, requests: () => requests, powerOffs: () => powerOffs };
}

function memcachedServer(): Take {
  const model = new MemcachedModel(() => 0);
  return (text) => {
    const end = text.indexOf('\r\n');
    if (end < 0) return undefined;
    const [verb, key = '', flags, exptime, size] = text.slice(0, end).split(' ');
    if (verb === 'get') {
      const reply = model.execute({ verb, keys: [key] });
      if (reply?.kind !== 'values') throw new Error('stub: get');
      const values = reply.values.map(
        (item) => `VALUE ${item.key} ${item.flags} ${item.value.length}\r\n${item.value}\r\n`,
      );
      return { size: end + 2, reply: `${values.join('')}END\r\n` };
    }
    if (verb !== 'set') throw new Error(`stub: found "${verb}", expected get or set`);
    const whole = end + 2 + Number(size) + 2;
    if (text.length < whole) return undefined;
    const value = text.slice(end + 2, whole - 2);
    const reply = model.execute({ verb, key, flags: Number(flags), exptime: Number(exptime), value });
    if (reply?.kind !== 'line') throw new Error('stub: set');
    return { size: whole, reply: `${reply.line}\r\n` };
  };
}

function redisServer(): Take {
  const model = new RedisModel(() => 0);
  return (text) => {
    const head = /^\*(\d+)\r\n/.exec(text);
    if (head === null) return undefined;
    const words: string[] = [];
    let at = head[0].length;
    for (let index = 0; index < Number(head[1]); index++) {
      const length = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20));
      if (length === null) return undefined;
      const from = at + length[0].length;
      at = from + Number(length[1]) + 2;
      if (text.length < at) return undefined;
      words.push(text.slice(from, at - 2));
    }
    return { size: at, reply: respText(model.execute(words)) };
  };
}

function respText(value: RespValue): string {
  switch (value.kind) {
    case 'status':
      return `+${value.text}\r\n`;
    case 'error':
      return `-${value.text}\r\n`;
    case 'integer':
      return `:${value.value}\r\n`;
    case 'bulk':
      return value.value === null ? '$-1\r\n' : `$${value.value.length}\r\n${value.value}\r\n`;
    case 'array':
      return value.items === null ? '*-1\r\n' : `*${value.items.length}\r\n${value.items.map(respText).join('')}`;
  }
}

function httpServer(spec: LoadSpec): Take {
  const files = new Map(
    staticFiles(spec.files ?? { count: 1, bytes: { min: 1, max: 1 } }).map(({ path, data }) => [
      path,
      { body: fromBytes(data), modified: 0 },
    ]),
  );
  const model = new StaticFilesModel(files);
  return (text) => {
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [first = '', ...fields] = text.slice(0, end).split('\r\n');
    const target = first.split(' ')[1] ?? '';
    const headers = fields.map((field) => field.split(': ') as [string, string]);
    const answer = model.execute({ method: 'GET', target, version: '1.1', headers });
    const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const head = `HTTP/1.1 ${answer.status} OK\r\nConnection: keep-alive\r\n${lines}\r\n`;
    return { size: end + 4, reply: head + (answer.body ?? '') };
  };
}
