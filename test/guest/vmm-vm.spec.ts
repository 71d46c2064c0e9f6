/**
 * A whole VM: the guest kernel with its services, in the VMM, on the host kernel. Clients at the far end of the link ask over
 * TCP, every answer is checked; then they tell the guest to power off, and the machine ends with it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildMachine, engineFactory, memoryMap, resolveConfig, type LinkPeer } from '#libs/riscv-core';
import { writeCpio } from '../../libs/duvisor/src/cpio.js';
import { faultyLink } from '../../libs/duvisor/src/loadgen/faulty-link.js';
import { createLoadGenerator } from '../../libs/duvisor/src/loadgen/load-generator.js';
import type { LoadResult } from '../../libs/duvisor/src/loadgen/load-spec.js';

const prebuilt = fileURLToPath(new URL('../../libs/duvisor/guest/prebuilt/', import.meta.url));
const image = (name: string): Uint8Array => new Uint8Array(readFileSync(join(prebuilt, name)));

const LIMIT = 400_000_000;
const REQUESTS = 40;

interface Ended {
  readonly code: number;
  readonly console: string;
  readonly load: LoadResult;
}

type Accel = 'kvm' | 'duvisor';

interface Vm {
  readonly accel: Accel;
  readonly dvext?: 'rocket' | 'strict' | 'qemu';
  readonly timing?: 'none' | 'rocket';
  readonly append: string;
  /** Of the guest's initramfs: path, prebuilt image. */
  readonly programs: readonly (readonly [string, string])[];
  readonly peer: LinkPeer;
}

/** Boots firmware, host kernel and VMM with the guest kernel in it, until the machine ends. */
function runVm({ accel, dvext = 'rocket', timing = 'none', append, programs, peer }: Vm): Omit<Ended, 'load'> {
  const text: number[] = [];
  const guest = writeCpio([
    ...programs.map(([path, name]) => ({ path, mode: 0o755, data: image(name) })),
    { path: '/data.txt', mode: 0o644, data: new TextEncoder().encode('0123456789\n') },
  ]);
  const options = '--kernel /vm.bin --initrd /guest.cpio --block /dev/vda --vmtap tap0 --memory 64';
  const { machine } = buildMachine(
    resolveConfig({
      machine: 'firesim',
      dvext,
      harts: 1,
      timing,
      memoryBytes: 256 << 20,
      seed: 1,
      net: { peer },
      block: { image: sectors(writeCpio([{ path: '/index.html', mode: 0o644, data: new Uint8Array(100) }])) },
    }),
    {
      elf: { name: 'firmware.elf', bytes: image('firmware.elf') },
      raw: [{ name: 'host.bin', bytes: image('host.bin'), address: BigInt(memoryMap.kernel.base) }],
      initrd: {
        name: 'initrd',
        bytes: writeCpio([
          { path: '/vmm', mode: 0o755, data: image('vmm.elf') },
          { path: '/vm.bin', mode: 0o644, data: image('vm.bin') },
          { path: '/guest.cpio', mode: 0o644, data: guest },
        ]),
      },
      append: `init=/vmm seed=1 -- --accel ${accel} ${options} --append "${append}"`,
    },
    engineFactory('interpreter'),
    { write: (bytes) => text.push(...bytes) },
  );
  for (;;) {
    const state = machine.run(4_000_000, LIMIT, false);
    if (state.kind === 'running') continue;
    const console = new TextDecoder().decode(Uint8Array.from(text));
    expect(state.kind, console).toBe('finisher');
    return { code: 'code' in state ? Number(state.code) : -1, console };
  }
}

interface Serving {
  readonly accel: Accel;
  readonly dvext?: 'strict';
  readonly wire?: (peer: LinkPeer) => LinkPeer;
}

/** A VM that serves memcached to clients at the far end of the link. */
function serve({ accel, dvext, wire = (peer) => peer }: Serving): Ended {
  const load = createLoadGenerator(
    {
      service: 'memcached',
      requests: REQUESTS,
      warmup: 5,
      connections: 3,
      loop: { kind: 'closed' },
      keys: 10,
      valueBytes: { min: 10, max: 3000 },
      getShare: 0.7,
    },
    1,
    { cyclesPerSecond: 3.2e9 },
  );
  const ended = runVm({
    accel,
    ...(dvext === undefined ? {} : { dvext }),
    timing: 'rocket',
    append: 'ip=10.0.2.15/24 run=/poweroffd run=/memcached,-m,32',
    programs: [
      ['/memcached', 'service-memcached.elf'],
      ['/poweroffd', 'service-poweroffd.elf'],
    ],
    peer: wire(load),
  });
  return { ...ended, load: load.result() };
}

/** Nobody answers. */
const silence: LinkPeer = { connect: () => undefined, receive: () => undefined };

/** Filled up to a whole number of sectors. */
function sectors(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
  whole.set(bytes);
  return whole;
}

describe.each(['kvm', 'duvisor'] as const)('a VM under --accel %s', (accel) => {
  it('passes the checks that the guest kernel passes on the bare machine', () => {
    const { code, console } = runVm({
      accel,
      append: 'run=/vmtest,memory,files,waiting',
      programs: [['/vmtest', 'vmtest.elf']],
      peer: silence,
    });
    expect(console).toContain('ok memory\na vector\nok files\nok waiting\n');
    expect(code).toBe(0);
  });

  it('hands on that its kernel has stopped with an error', () => {
    const { code, console } = runVm({ accel, append: 'run=/nothing', programs: [], peer: silence });
    expect(console).toContain('vm: panic: ');
    expect(code).not.toBe(0);
  });

  it('answers its clients and powers the machine off when told to', () => {
    const { code, console, load } = serve({ accel });
    expect(load, console).toMatchObject({ verified: REQUESTS, failed: 0, errors: [] });
    expect(console).toContain('vm: disk: 1 files');
    expect(code).toBe(0);
  });

  it('does so over a link that loses, doubles and reorders frames', () => {
    const faults = { loss: 0.02, duplicate: 0.02, reorder: 0.02, seed: 3 };
    const { code, console, load } = serve({ accel, wire: (peer) => faultyLink(peer, faults) });
    expect(load, console).toMatchObject({ verified: REQUESTS, failed: 0, errors: [] });
    expect(code).toBe(0);
  });
});

describe('a VM under --accel duvisor', () => {
  it('serves on profile strict', () => {
    const { code, console, load } = serve({ accel: 'duvisor', dvext: 'strict' });
    expect(load, console).toMatchObject({ verified: REQUESTS, failed: 0, errors: [] });
    expect(code).toBe(0);
  });

  it('is refused devices on profile qemu, whose interrupt sources are others', () => {
    const { code, console } = runVm({ accel: 'duvisor', dvext: 'qemu', append: '', programs: [], peer: silence });
    expect(console).toContain('vmm: /dev/vplic_dev: sources from 128 on, expected 33 to 35 among them');
    expect(code).toBe(1);
  });
});
