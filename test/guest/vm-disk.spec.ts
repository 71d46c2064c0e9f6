/** /disk of the guest kernel: what is read is what the archive holds, whatever it holds. */
import { describe, expect, it } from 'vitest';
import { diskImage, onSimulator } from './vm.testkit.js';

const MiB = 1 << 20;

describe('/disk', () => {
  it('reads files of all sizes, and one that the cache cannot hold, twice', () => {
    const sizes = [0, 1, 511, 512, 4095, 4096, 4097, 57_344, 57_345, 100_000, 7, 200_000];
    const ended = onSimulator({ append: 'run=/vmtest,disk', disk: diskImage(sizes, 10 * MiB), memoryMiB: 64 });
    expect(ended.console).toContain('vm: disk: 13 files');
    expect(ended.console).toContain('ok disk\n');
    expect(ended.code).toBe(0);
  });

  it('lets several processes read at once', () => {
    const disk = diskImage([300_000, 200_000, 100_000], 3 * MiB);
    const ended = onSimulator({ append: 'run=/vmtest,disk run=/vmtest,disk run=/vmtest,disk', disk });
    expect(ended.console.match(/ok disk\n/g), ended.console).toHaveLength(3);
    expect(ended.code).toBe(0);
  });

  it.each<[string, (disk: Uint8Array) => void]>([
    ['a wrong magic', (disk) => disk.fill(0x41, 0, 6)],
    ['a file size beyond the device', (disk) => disk.fill(0x66, 54, 62)],
    ['a name size beyond the device', (disk) => disk.fill(0x66, 94, 102)],
    ['a size that is no number', (disk) => disk.fill(0x7a, 54, 62)],
    ['nothing but zeros', (disk) => disk.fill(0)],
  ])('survives an archive with %s', (_what, damage) => {
    const disk = diskImage([10_000, 20_000]);
    damage(disk);
    const ended = onSimulator({ append: 'run=/vmtest,files', disk });
    expect(ended.console).toContain('vm: disk: damaged archive after 0 files');
    expect(ended.code).toBe(0);
  });

  it('keeps the files in front of a damage', () => {
    const disk = diskImage([1000, 2000, 3000]);
    const name = Buffer.from(disk).indexOf('f002');
    disk.fill(0, name - 110, name);
    const ended = onSimulator({ append: 'run=/vmtest,disk', disk });
    expect(ended.console).toContain('vm: disk: damaged archive after 2 files');
    expect(ended).toMatchObject({ code: 0 });
  });
});
