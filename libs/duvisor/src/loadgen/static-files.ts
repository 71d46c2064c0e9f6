/** The document root of a web server under load. It depends on the `FileSet` alone: every run of a campaign has the same disk. */
import type { FileSet } from './load-spec.js';
import { Random } from './random.js';

export interface StaticFile {
  /** Absolute in the document root, `/file0001.html`. */
  readonly path: string;
  readonly data: Uint8Array;
}

const CONTENT_SEED = 0;
const EXTENSIONS = ['html', 'css', 'js', 'png'] as const;

/** Content is random bytes: nothing compresses or repeats. */
export function staticFiles({ count, bytes }: FileSet): StaticFile[] {
  const random = new Random(CONTENT_SEED, 'static files');
  return Array.from({ length: count }, (_, index) => {
    const size = Math.round(bytes.min * (bytes.max / bytes.min) ** random.unit());
    const extension = EXTENSIONS[index % EXTENSIONS.length];
    return {
      path: `/file${String(index).padStart(4, '0')}.${extension}`,
      data: Uint8Array.from({ length: size }, () => random.u32()),
    };
  });
}
