import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface StoredArtefact {
  sha256: string;
  bytes: number;
}

/** Files by content: the same bytes are kept once, and a name is somebody else's business. */
export interface ArtefactStore {
  /** Keeps all of `content`; throws {@link ArtefactTooLargeError} and keeps nothing beyond `maxBytes`. */
  put(content: Readable, maxBytes: number): Promise<StoredArtefact>;
  /** Undefined when it is not here. */
  get(sha256: string): Promise<Readable | undefined>;
}

export class ArtefactTooLargeError extends Error {
  readonly code = 'ARTEFACT_TOO_LARGE';

  constructor(readonly maxBytes: number) {
    super(`artefact: found more than ${maxBytes} bytes, expected at most that`);
  }
}

/** `directory/ab/abcdef...`; a file appears under its name only when it is complete. */
export function directoryArtefacts(directory: string): ArtefactStore {
  const fileOf = (sha256: string): string => join(directory, sha256.slice(0, 2), sha256);
  return {
    async put(content, maxBytes) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const unfinished = join(directory, `unfinished-${randomBytes(8).toString('hex')}`);
      const hash = createHash('sha256');
      let bytes = 0;
      const measure = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          bytes += chunk.length;
          hash.update(chunk);
          done(bytes > maxBytes ? new ArtefactTooLargeError(maxBytes) : null, chunk);
        },
      });
      try {
        await pipeline(content, measure, createWriteStream(unfinished, { flags: 'wx', mode: 0o600 }));
        const sha256 = hash.digest('hex');
        await mkdir(join(directory, sha256.slice(0, 2)), { recursive: true, mode: 0o700 });
        await rename(unfinished, fileOf(sha256));
        return { sha256, bytes };
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
    },
    async get(sha256) {
      // The name comes from a request: nothing but a digest may become a path.
      if (!/^[0-9a-f]{64}$/.test(sha256)) return undefined;
      const found = await stat(fileOf(sha256)).catch(() => undefined);
      return found?.isFile() === true ? createReadStream(fileOf(sha256)) : undefined;
    },
  };
}
