import type { LoadSpec } from '../load-spec.js';
import { StaticFilesModel } from '../models/http.js';
import { encodeHttp, HttpReplyParser, type HttpReply, type HttpRequest } from '../protocols/http.js';
import { fromBytes } from '../protocols/byte-string.js';
import { Random } from '../random.js';
import { staticFiles } from '../static-files.js';
import type { Exchange, ReplyReader, ServiceClient } from './client.js';
import { Picker } from './popularity.js';

/** Time stamps of the disk's files: the archive is written without. */
const MODIFIED = 0;

export class NginxClient implements ServiceClient<HttpReply> {
  readonly port = 80;
  private readonly model: StaticFilesModel;
  private readonly paths: readonly string[];
  private readonly picker: Picker;

  /** Throws when the load names no files. */
  constructor(spec: LoadSpec, seed: number) {
    if (spec.files === undefined) throw new RangeError('load: found no files, expected some for nginx');
    const files = staticFiles(spec.files);
    this.paths = files.map(({ path }) => path);
    this.model = new StaticFilesModel(
      new Map(files.map(({ path, data }) => [path, { body: fromBytes(data), modified: MODIFIED }])),
    );
    this.picker = new Picker(files.length, spec.popularity ?? 'zipf', new Random(seed, 'popularity of files'));
  }

  newReader(): ReplyReader<HttpReply> {
    const parser = new HttpReplyParser();
    return {
      expect: () => parser.expect('GET'),
      push: (segment) => parser.push(segment),
      get pending() {
        return parser.pending;
      },
    };
  }

  /** The files are on the disk. */
  preload(): Iterable<Exchange<HttpReply>> {
    return [];
  }

  next(): Exchange<HttpReply> {
    const target = this.paths[this.picker.pick()]!;
    const headers = [['Host', '10.0.2.15']] as const;
    const request: HttpRequest = { method: 'GET', target, version: '1.1', headers };
    return {
      name: `GET ${target}`,
      request: encodeHttp(request),
      datagram: false,
      check: (reply) => this.model.difference(request, reply),
    };
  }
}
