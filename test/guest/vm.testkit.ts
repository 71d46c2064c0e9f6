/** Boots the guest kernel natively, as prebuilt: on our simulator and on QEMU. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { buildMachine, engineFactory, memoryMap, resolveConfig } from '#libs/riscv-core';
import { writeCpio } from '../../libs/duvisor/src/cpio.js';

const prebuilt = fileURLToPath(new URL('../../libs/duvisor/guest/prebuilt/', import.meta.url));
const image = (name: string): Uint8Array => new Uint8Array(readFileSync(join(prebuilt, name)));

export interface Boot {
  /** Kernel command line. */
  readonly append: string;
  readonly memoryMiB?: number;
  readonly preset?: 'virt' | 'firesim';
  readonly dvext?: 'none' | 'rocket' | 'strict';
}

export interface Ended {
  readonly code: number;
  readonly console: string;
}

const initrd = (): Uint8Array =>
  writeCpio([
    { path: '/vmtest', mode: 0o755, data: image('vmtest.elf') },
    { path: '/data.txt', mode: 0o644, data: new TextEncoder().encode('0123456789\n') },
  ]);

const LIMIT = 2_000_000_000;

export function onSimulator({ append, memoryMiB = 128, preset = 'virt', dvext = 'none' }: Boot): Ended {
  const text: number[] = [];
  const { machine } = buildMachine(
    resolveConfig({ machine: preset, dvext, harts: 1, timing: 'none', memoryBytes: memoryMiB << 20, seed: 1 }),
    {
      elf: { name: 'firmware.elf', bytes: image('firmware.elf') },
      raw: [{ name: 'vm.bin', bytes: image('vm.bin'), address: BigInt(memoryMap.kernel.base) }],
      initrd: { name: 'initrd', bytes: initrd() },
      append,
    },
    engineFactory('interpreter'),
    { write: (bytes) => text.push(...bytes) },
  );
  for (;;) {
    const state = machine.run(10_000_000, LIMIT, false);
    if (state.kind === 'running') continue;
    const console = new TextDecoder().decode(Uint8Array.from(text));
    expect(state.kind, console).toBe('finisher');
    return { code: 'code' in state ? Number(state.code) : -1, console };
  }
}

export const qemu = 'qemu-system-riscv64';
export const qemuInstalled = spawnSync(qemu, ['--version']).status === 0;

/** Arguments for QEMU but for the devices; `folder` takes the files. */
export function qemuArguments({ append, memoryMiB = 128 }: Boot, folder: string): string[] {
  const file = join(folder, 'initrd');
  writeFileSync(file, initrd());
  const machine = ['-M', 'virt', '-cpu', 'rv64,h=true', '-m', `${memoryMiB}M`, '-nographic'];
  const software = ['-bios', join(prebuilt, 'firmware.elf'), '-kernel', join(prebuilt, 'vm.bin'), '-initrd', file];
  return [...machine, ...software, '-append', append, '-global', 'virtio-mmio.force-legacy=false'];
}

export function onQemu(boot: Boot): Ended {
  const folder = mkdtempSync(join(tmpdir(), 'vm-'));
  try {
    const done = spawnSync(qemu, qemuArguments(boot, folder), { encoding: 'utf8', input: '', timeout: 50_000 });
    expect(done.signal, done.stdout).toBeNull();
    return { code: done.status ?? -1, console: done.stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
