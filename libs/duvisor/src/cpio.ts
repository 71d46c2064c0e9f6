/**
 * Writer of cpio archives in the "newc" format that kernels take as initial RAM disk (Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst). The bytes depend on names, modes and contents only.
 */

export interface ArchiveFile {
  /** Absolute path in the target: `/vmm`. Parent directories must come earlier, as entries without data. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** Contents; absent for a directory. */
  readonly data?: Uint8Array;
}

const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const TRAILER = 'TRAILER!!!';

export function writeCpio(files: readonly ArchiveFile[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const push = (bytes: Uint8Array): void => {
    pieces.push(bytes);
    length += bytes.length;
  };
  /** Names and contents begin at multiples of 4. */
  const pad = (): void => push(new Uint8Array((4 - (length % 4)) % 4));

  const entry = (inode: number, name: string, mode: number, links: number, data: Uint8Array): void => {
    const nameBytes = new TextEncoder().encode(`${name}\0`);
    // Owner root, time 0: the archive repeats itself.
    const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, nameBytes.length, 0];
    push(new TextEncoder().encode(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`));
    push(nameBytes);
    pad();
    push(data);
    pad();
  };

  const seen = new Set<string>();
  files.forEach(({ path, mode, data }, index) => {
    const name = path.replace(/^\/+/, '');
    if (name === '' || seen.has(name)) throw new Error(`cpio: path "${path}" is empty or given twice`);
    seen.add(name);
    entry(
      index + 1,
      name,
      (data === undefined ? DIRECTORY : REGULAR) | mode,
      data === undefined ? 2 : 1,
      data ?? new Uint8Array(),
    );
  });
  entry(0, TRAILER, 0, 1, new Uint8Array());

  const archive = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    archive.set(piece, at);
    at += piece.length;
  }
  return archive;
}
