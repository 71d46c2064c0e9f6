import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Command } from './command.js';
import { buildKernel, type KernelBuild } from './kernel.js';

/** Stands for make: `olddefconfig` leaves `config`, `Image` an image. */
function fakeMake(config: string): { run: Command; images: () => number } {
  let images = 0;
  const run: Command = (program, args) => {
    const objects = args.find((arg) => arg.startsWith('O='))?.slice(2) ?? '';
    switch (args.at(-1)) {
      case 'olddefconfig':
        writeFileSync(join(objects, '.config'), config);
        break;
      case 'Image':
        images += 1;
        mkdirSync(join(objects, 'arch/riscv/boot'), { recursive: true });
        writeFileSync(join(objects, 'arch/riscv/boot/Image'), `image ${images}`);
        break;
      default:
    }
    return program === 'riscv64-linux-gnu-gcc' ? 'gcc 12\n' : '';
  };
  return { run, images: () => images };
}

function build(fragment: string): KernelBuild {
  const at = mkdtempSync(join(tmpdir(), 'dvfarm-kernel-'));
  writeFileSync(join(at, 'kernel.config'), fragment);
  const source = { name: 'linux-source-6.1', version: '6.1.1-1', root: at };
  return { fragment: join(at, 'kernel.config'), source, work: at, image: join(at, 'small.Image') };
}

describe('a kernel of our own', () => {
  it('is built again only when its configuration changes', () => {
    const what = build('# CONFIG_RD_GZIP is not set\nCONFIG_KVM=y\n');
    const { run, images } = fakeMake('CONFIG_MMU=y\nCONFIG_KVM=y\nCONFIG_TUN=y\n');
    const again = (): void => buildKernel(what, run, () => undefined);
    again();
    again();
    expect(images()).toBe(1);
    writeFileSync(what.fragment, 'CONFIG_KVM=y\nCONFIG_TUN=y\n');
    again();
    expect(images()).toBe(2);
    expect(readFileSync(what.image, 'utf8')).toBe('image 2');
  });

  it('is refused when the rules of the kernel dropped what is asked for', () => {
    const what = build('CONFIG_KVM=y\n');
    const { run, images } = fakeMake('CONFIG_MMU=y\n# CONFIG_KVM is not set\n');
    expect(() => buildKernel(what, run, () => undefined)).toThrow(/does not have CONFIG_KVM=y$/);
    expect(images()).toBe(0);
  });
});
