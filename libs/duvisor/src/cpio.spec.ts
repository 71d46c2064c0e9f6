import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeCpio, type ArchiveFile } from './cpio.js';

interface Entry {
  name: string;
  mode: number;
  data: number[];
}

/** An independent reader of the format. */
function readCpio(archive: Uint8Array): Entry[] {
  const text = new TextDecoder('latin1').decode(archive);
  const entries: Entry[] = [];
  for (let at = 0; ;) {
    expect(text.slice(at, at + 6)).toBe('070701');
    const field = (index: number): number => parseInt(text.slice(at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const nameSize = field(11);
    const name = text.slice(at + 110, at + 110 + nameSize - 1);
    const dataAt = Math.ceil((at + 110 + nameSize) / 4) * 4;
    if (name === 'TRAILER!!!') return entries;
    entries.push({ name, mode: field(1), data: [...archive.slice(dataAt, dataAt + field(6))] });
    at = Math.ceil((dataAt + field(6)) / 4) * 4;
  }
}

const file: fc.Arbitrary<ArchiveFile> = fc.record({
  path: fc.stringMatching(/^\/[a-z][a-z0-9.-]{0,12}$/),
  mode: fc.constantFrom(0o755, 0o644),
  data: fc.uint8Array({ maxLength: 20 }),
});

describe('cpio archive', () => {
  it('holds every file with name, mode and contents', () => {
    fc.assert(
      fc.property(fc.uniqueArray(file, { selector: ({ path }) => path, maxLength: 5 }), (files) => {
        const expected = files.map(({ path, mode, data }) => ({
          name: path.slice(1),
          mode: 0o100000 | mode,
          data: [...(data ?? [])],
        }));
        expect(readCpio(writeCpio(files))).toEqual(expected);
      }),
    );
  });

  it('has the same bytes every time', () => {
    const files = [
      { path: '/dev', mode: 0o755 },
      { path: '/vmm', mode: 0o755, data: Uint8Array.of(1, 2, 3) },
    ];
    expect(writeCpio(files)).toEqual(writeCpio(files));
    expect(readCpio(writeCpio(files))[0]).toEqual({ name: 'dev', mode: 0o040755, data: [] });
  });

  it('refuses a path given twice', () => {
    const one = { path: '/a', mode: 0o644, data: new Uint8Array() };
    expect(() => writeCpio([one, { ...one, path: 'a' }])).toThrow('cpio: path "a" is empty or given twice');
  });

  it('is read by the cpio tool where that is installed', () => {
    const archive = writeCpio([{ path: '/vmm', mode: 0o755, data: Uint8Array.of(1, 2, 3) }]);
    const tool = spawnSync('cpio', ['-t', '--quiet'], { input: archive, encoding: 'utf8' });
    if (tool.error === undefined) expect(tool.stdout).toBe('vmm\n');
    else expect((tool.error as NodeJS.ErrnoException).code).toBe('ENOENT');
  });
});
