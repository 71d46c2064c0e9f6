/**
 * The VMM from reset to the end of its process, the same prebuilt images everywhere: the kernel back end on our simulator and,
 * where it is installed (CI does so), on QEMU; the delegated back end on our simulator, since QEMU has no DV-ext. What it
 * measures is checked in libs/duvisor/src/guests.spec.ts.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildMachine, engineFactory, memoryMap, resolveConfig } from '#libs/riscv-core';
import { writeCpio } from '../../libs/duvisor/src/cpio.js';

const prebuilt = fileURLToPath(new URL('../../libs/duvisor/guest/prebuilt/', import.meta.url));
const image = (name: string): Uint8Array => new Uint8Array(readFileSync(join(prebuilt, name)));

const LIMIT = 100_000_000;
const MEMORY_MIB = 256;
const QEMU = 'qemu-system-riscv64';

interface Ended {
  code: number;
  console: string;
}

/** Boots with the VMM as init; `guest` becomes /guest.elf. */
type Boot = (vmmArguments: string, guest: Uint8Array) => Ended;

const initrdOf = (guest: Uint8Array): Uint8Array =>
  writeCpio([
    { path: '/vmm', mode: 0o755, data: image('vmm.elf') },
    { path: '/guest.elf', mode: 0o644, data: guest },
  ]);
const bootArguments = (vmmArguments: string): string => `init=/vmm seed=1 -- ${vmmArguments}`;

const onSimulator: Boot = (vmmArguments, guest) => {
  const text: number[] = [];
  const dvext = vmmArguments.includes('--accel duvisor') ? 'rocket' : 'none';
  const { machine } = buildMachine(
    resolveConfig({ machine: 'virt', dvext, harts: 1, timing: 'none', memoryBytes: MEMORY_MIB << 20, seed: 1 }),
    {
      elf: { name: 'firmware.elf', bytes: image('firmware.elf') },
      raw: [{ name: 'host.bin', bytes: image('host.bin'), address: BigInt(memoryMap.kernel.base) }],
      initrd: { name: 'initrd', bytes: initrdOf(guest) },
      append: bootArguments(vmmArguments),
    },
    engineFactory('interpreter'),
    { write: (bytes) => text.push(...bytes) },
  );
  for (;;) {
    const state = machine.run(1_000_000, LIMIT, false);
    if (state.kind === 'running') continue;
    const console = new TextDecoder().decode(Uint8Array.from(text));
    expect(state.kind, console).toBe('finisher');
    return { code: 'code' in state ? Number(state.code) : -1, console };
  }
};

let folder = '';

const onQemu: Boot = (vmmArguments, guest) => {
  const initrd = join(folder, 'initrd');
  writeFileSync(initrd, initrdOf(guest));
  const machine = ['-M', 'virt', '-cpu', 'rv64,h=true', '-m', `${MEMORY_MIB}M`, '-nographic'];
  const software = ['-bios', join(prebuilt, 'firmware.elf'), '-kernel', join(prebuilt, 'host.bin'), '-initrd', initrd];
  const done = spawnSync(QEMU, [...machine, ...software, '-append', bootArguments(vmmArguments)], {
    encoding: 'utf8',
    input: '',
    timeout: 170_000,
  });
  expect(done.signal, done.stdout).toBeNull();
  return { code: done.status ?? -1, console: done.stdout };
};

const qemuInstalled = spawnSync(QEMU, ['--version']).status === 0;
const machines: readonly (readonly [string, Boot])[] = [
  ['our simulator', onSimulator],
  ...(qemuInstalled ? [['QEMU', onQemu] as const] : []),
];

/** The loadable bytes of a guest's one segment: what a raw image is. */
function rawImage(name: string): Uint8Array {
  const elf = image(name);
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  const header = Number(view.getBigUint64(32, true));
  const offset = Number(view.getBigUint64(header + 8, true));
  return elf.subarray(offset, offset + Number(view.getBigUint64(header + 32, true)));
}

const backEnds: readonly (readonly [string, string, Boot])[] = [
  ...machines.map(([machine, boot]) => ['kvm', machine, boot] as const),
  ['duvisor', 'our simulator', onSimulator],
];

describe.each(backEnds)('the VMM with --accel %s on %s', (accel, _, boot) => {
  const vmm = (append: string): string =>
    `--accel ${accel} --kernel /guest.elf --memory 64 --smp 1 --append "${append}"`;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dvfarm-vmm-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('emulates every load and store form, SBI calls, timer and WFI', () => {
    const ended = boot(vmm(''), image('guest-hello.elf'));
    expect(ended.console).toContain('hello: ok');
    expect(ended.code).toBe(0);
  });

  it.each([
    ['hypercall', ''],
    ['mmio', ''],
    ['stage2-fault', ''],
    ['stage2-fault', ' access=store'],
  ])('runs %s%s to its end', (name, more) => {
    const ended = boot(vmm(`iterations=120 warmup=10${more}`), image(`guest-${name}.elf`));
    expect(ended.console).toMatch(new RegExp(`^result ${name} operations=120 cycles=\\d+\\r?$`, 'm'));
    expect(ended.code).toBe(0);
  });

  it('loads a raw image as it loads an ELF', () => {
    const ended = boot(vmm('iterations=5'), rawImage('guest-hypercall.elf'));
    expect(ended.console).toContain('result hypercall operations=5 ');
    expect(ended.code).toBe(0);
  });

  it('hands on the exit code of a guest that gives up', () => {
    const ended = boot(vmm('iterations=many'), image('guest-hypercall.elf'));
    expect(ended.console).toContain('found "iterations=many", expected iterations=N');
    expect(ended.code).toBe(2);
  });

  it.each([
    ['atomic', /0x3f8|errno 95/],
    ['hole', /no device at/],
    ['null', /no device at/],
    ['beyond', /0xf0000000/],
  ])('ends with a message when the guest does what is not emulated: %s', (what, message) => {
    const ended = boot(vmm(`fault=${what}`), image('guest-hello.elf'));
    expect(ended.console).toMatch(message);
    expect(ended.console).not.toContain('hello: ');
    expect(ended.code).toBe(1);
  });

  it('touches the pages around the device tree, up to the end of RAM and not beyond', () => {
    const pages = (64 * 1024 * 1024 - 0x202000) / 4096 - 1;
    const guest = image('guest-stage2-fault.elf');
    expect(boot(vmm(`iterations=${pages} access=store`), guest).code).toBe(0);
    const tooMany = boot(vmm(`iterations=${pages + 1}`), guest);
    expect(tooMany.console).toContain('do not fit below 0x84000000');
    expect(tooMany.code).toBe(2);
  });
});

describe('the VMM, when it cannot do what it was told', () => {
  const hello = image('guest-hello.elf');
  const vmm = '--accel kvm --kernel /guest.elf --memory 64';

  it.each([
    ['--accel kvm --kernel /guest.elf --verbose 1', 2, '--verbose: unknown option'],
    ['--accel kvm --kernel', 2, '--kernel: expected a value'],
    ['--kernel /guest.elf', 2, '--accel: missing, expected duvisor or kvm'],
    ['--accel kvm', 2, '--kernel: missing, expected a file'],
    ['--accel xen --kernel /guest.elf', 2, '--accel: found "xen", expected duvisor or kvm'],
    ['--accel kvm --kernel /guest.elf --smp 2', 2, '--smp: found "2", expected a number from 1 to 1'],
    ['--accel kvm --kernel /guest.elf --memory 64M', 2, '--memory: found "64M", expected a number from 64 to 65536'],
    ['--accel kvm --kernel /missing', 1, '/missing: cannot open'],
    [
      '--accel duvisor --kernel /guest.elf --memory 4096',
      1,
      '/dev/dv_driver: no 4328521728 bytes of contiguous memory',
    ],
  ])('says so: %s', (vmmArguments, code, message) => {
    const ended = onSimulator(vmmArguments, hello);
    expect(ended.console).toContain(`vmm: ${message}`);
    expect(ended.code).toBe(code);
  });

  it.each([
    ['cut in its segment', hello.subarray(0, 4200), 'truncated: found 4200 bytes'],
    ['cut in its program headers', hello.subarray(0, 100), 'truncated: found 100 bytes'],
    ['of another machine', withByte(hello, 18, 0x3e), 'not a 64-bit RISC-V ELF'],
    ['loaded outside RAM', withByte(hello, 64 + 24 + 3, 0x10), 'lies outside guest RAM (0x80000000..0x84000000)'],
  ])('refuses an ELF %s', (_, guest, message) => {
    const ended = onSimulator(vmm, guest);
    expect(ended.console).toContain(message);
    expect(ended.code).toBe(1);
  });
});

/** A copy with one byte changed. */
function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}
