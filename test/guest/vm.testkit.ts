/** Boots the guest kernel natively, as prebuilt: on our simulator and on QEMU. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { buildMachine, engineFactory, memoryMap, resolveConfig, type LinkPeer } from '#libs/riscv-core';
import { writeCpio } from '../../libs/duvisor/src/cpio.js';

const prebuilt = fileURLToPath(new URL('../../libs/duvisor/guest/prebuilt/', import.meta.url));
const image = (name: string): Uint8Array => new Uint8Array(readFileSync(join(prebuilt, name)));

export interface Boot {
  /** Kernel command line. */
  readonly append: string;
  readonly memoryMiB?: number;
  readonly preset?: 'virt' | 'firesim';
  readonly dvext?: 'none' | 'rocket' | 'strict';
  readonly timing?: 'none' | 'rocket';
  /** Who is at the far end of the simulator's link. */
  readonly peer?: LinkPeer;
  /** On QEMU: a NIC on its user network. */
  readonly nic?: boolean;
  /** Of the block device. */
  readonly disk?: Uint8Array;
  /** Called when the guest has said so on its console. */
  readonly said?: { readonly line: string; readonly then: (cyclesPerSecond: number) => void };
}

export interface Ended {
  readonly code: number;
  readonly console: string;
  readonly instret?: number;
}

const initrd = (): Uint8Array =>
  writeCpio([
    { path: '/vmtest', mode: 0o755, data: image('vmtest.elf') },
    { path: '/data.txt', mode: 0o644, data: new TextEncoder().encode('0123456789\n') },
  ]);

const LIMIT = 2_000_000_000;

export function onSimulator(boot: Boot): Ended {
  const { append, memoryMiB = 128, preset = 'virt', dvext = 'none', timing = 'none', peer, disk, said } = boot;
  const config = resolveConfig({
    machine: preset,
    dvext,
    harts: 1,
    timing,
    memoryBytes: memoryMiB << 20,
    seed: 1,
    ...(peer === undefined ? {} : { net: { peer } }),
    ...(disk === undefined ? {} : { block: { image: disk, readOnly: true } }),
  });
  let text = '';
  let waiting = said;
  const { machine } = buildMachine(
    config,
    {
      elf: { name: 'firmware.elf', bytes: image('firmware.elf') },
      raw: [{ name: 'vm.bin', bytes: image('vm.bin'), address: BigInt(memoryMap.kernel.base) }],
      initrd: { name: 'initrd', bytes: initrd() },
      append,
    },
    engineFactory('interpreter'),
    {
      write: (bytes) => {
        text += new TextDecoder().decode(bytes);
        if (waiting === undefined || !text.includes(`${waiting.line}\n`)) return;
        const { then } = waiting;
        waiting = undefined;
        then(config.timebaseHz * config.cyclesPerTick);
      },
    },
  );
  for (;;) {
    const state = machine.run(10_000_000, LIMIT, false);
    if (state.kind === 'running') continue;
    expect(state.kind, text).toBe('finisher');
    return { code: 'code' in state ? Number(state.code) : -1, console: text, instret: machine.totalInstret() };
  }
}

const qemu = 'qemu-system-riscv64';
export const qemuInstalled = spawnSync(qemu, ['--version']).status === 0;

/** Byte i of file `number` on the disk, as guest/vmtest/disk.c expects it. */
function fileBytes(number: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (number * 31 + i * 7 + Math.floor(i / 4096)) & 0xff);
}

/** An archive of files f000, f001, … of these sizes, and `big`, filled up to whole sectors. */
export function diskImage(sizes: readonly number[], big = 0): Uint8Array {
  const files = sizes.map((size, number) => ({
    path: `/f${String(number).padStart(3, '0')}`,
    mode: 0o644,
    data: fileBytes(number, size),
  }));
  if (big > 0) files.push({ path: '/big', mode: 0o644, data: fileBytes(1000, big) });
  const archive = writeCpio(files);
  const image = new Uint8Array(Math.ceil(archive.length / 512) * 512);
  image.set(archive);
  return image;
}

/** `folder` takes the files. */
function qemuArguments({ append, memoryMiB = 128, disk, nic = false }: Boot, folder: string): string[] {
  const file = join(folder, 'initrd');
  writeFileSync(file, initrd());
  const devices: string[] = [];
  if (disk !== undefined) {
    writeFileSync(join(folder, 'disk'), disk);
    devices.push('-drive', `if=none,id=disk,format=raw,readonly=on,file=${join(folder, 'disk')}`);
    devices.push('-device', 'virtio-blk-device,bus=virtio-mmio-bus.1,drive=disk');
  }
  if (nic) devices.push('-netdev', 'user,id=net', '-device', 'virtio-net-device,bus=virtio-mmio-bus.0,netdev=net');
  const machine = ['-M', 'virt', '-cpu', 'rv64,h=true', '-m', `${memoryMiB}M`, '-nographic'];
  const software = ['-bios', join(prebuilt, 'firmware.elf'), '-kernel', join(prebuilt, 'vm.bin'), '-initrd', file];
  return [...machine, ...software, '-append', append, '-global', 'virtio-mmio.force-legacy=false', ...devices];
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
