/**
 * The VM's disk and network, from a guest's driver through VMM, host kernel, bridge and device to the far end of the link and
 * back, on both back ends: the program guest/bare/virtio.c is the guest. And what a guest can put into a queue that no driver
 * would: it may end its VM, never the host.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildMachine,
  engineFactory,
  labelsOf,
  memoryMap,
  parseSymbolFile,
  resolveConfig,
  type LinkPeer,
  type Measurement,
} from '#libs/riscv-core';
import { writeCpio } from '../../libs/duvisor/src/cpio.js';

const prebuilt = fileURLToPath(new URL('../../libs/duvisor/guest/prebuilt/', import.meta.url));
const image = (name: string): Uint8Array => new Uint8Array(readFileSync(join(prebuilt, name)));

const LIMIT = 400_000_000;
const SECTOR = 512;
const DISK_SECTORS = 64;

type Accel = 'kvm' | 'duvisor';
interface Ended {
  readonly code: number;
  readonly console: string;
  readonly disk: Uint8Array;
  /** Frames that reached the far end. */
  readonly frames: readonly Uint8Array[];
  readonly measured: Measurement | undefined;
}

const PEER_MAC = [0x52, 0x54, 0x00, 0x12, 0x34, 0x01];

/** Answers every ARP question as 10.0.2.2, `copies` times over. */
class ArpPeer implements LinkPeer {
  readonly frames: Uint8Array[] = [];
  private send: (frame: Uint8Array) => void = () => undefined;

  connect(send: (frame: Uint8Array) => void): void {
    this.send = send;
  }

  receive(frame: Uint8Array): void {
    this.frames.push(frame);
    const answer = Uint8Array.from([
      ...frame.subarray(6, 12), // to the asker
      ...PEER_MAC,
      0x08,
      0x06,
      ...frame.subarray(14, 20),
      0x00,
      0x02,
      ...PEER_MAC,
      ...[10, 0, 2, 2],
      ...frame.subarray(22, 32),
    ]);
    this.send(answer);
  }
}

interface Where {
  readonly engine?: 'interpreter' | 'reference';
  /** Default: rocket for duvisor, none for kvm. */
  readonly dvext?: 'none' | 'rocket';
}

function run(accel: Accel, append: string, options: string, where: Where = {}): Ended {
  const { engine = 'interpreter', dvext = accel === 'duvisor' ? 'rocket' : 'none' } = where;
  const text: number[] = [];
  const peer = new ArpPeer();
  const disk = Uint8Array.from({ length: DISK_SECTORS * SECTOR }, (_, at) => (at * 31) & 0xff);
  const { machine } = buildMachine(
    resolveConfig({
      machine: 'firesim',
      dvext,
      harts: 1,
      timing: 'none',
      memoryBytes: 256 << 20,
      seed: 1,
      net: { peer },
      block: { image: disk },
    }),
    {
      elf: { name: 'firmware.elf', bytes: image('firmware.elf') },
      raw: [{ name: 'host.bin', bytes: image('host.bin'), address: BigInt(memoryMap.kernel.base) }],
      initrd: {
        name: 'initrd',
        bytes: writeCpio([
          { path: '/vmm', mode: 0o755, data: image('vmm.elf') },
          { path: '/guest.elf', mode: 0o644, data: image('guest-virtio.elf') },
        ]),
      },
      append: `init=/vmm seed=1 -- --accel ${accel} --kernel /guest.elf --memory 64 ${options} --append "${append}"`,
    },
    engineFactory(engine),
    { write: (bytes) => text.push(...bytes) },
  );
  const symbols = new TextDecoder().decode(image('guest-virtio.sym'));
  machine.observe(labelsOf(parseSymbolFile(symbols, 'guest-virtio.sym'), 'guest'));
  for (;;) {
    const state = machine.run(1_000_000, LIMIT, false);
    if (state.kind === 'running') continue;
    const console = new TextDecoder().decode(Uint8Array.from(text));
    expect(state.kind, console).toBe('finisher');
    const code = 'code' in state ? Number(state.code) : -1;
    return { code, console, disk, frames: peer.frames, measured: machine.measurement() };
  }
}

const backEnds: readonly Accel[] = ['kvm', 'duvisor'];
const DISK = '--block /dev/vda';

describe.each(backEnds)('a guest of --accel %s', (accel) => {
  it('reads and writes its disk, and is refused what lies beyond it', () => {
    const ended = run(accel, 'test=block', DISK);
    expect(ended.console).toContain('disk of 64 sectors begins with 0x5d3e1f00');
    expect(ended.console).toContain('virtio: ok');
    expect(ended.code).toBe(0);
    const written = ended.disk.subarray((DISK_SECTORS - 3) * SECTOR);
    expect([...written]).toEqual(
      Array.from({ length: 3 * SECTOR }, (_, at) => (at * 7 + Math.floor(at / SECTOR)) & 0xff),
    );
  });

  it('asks the far end of the link and gets the answers', () => {
    const ended = run(accel, 'test=net', '--vmtap tap0');
    expect(ended.console).toContain('virtio: ok');
    expect(ended.code).toBe(0);
    expect(ended.frames).toHaveLength(6);
    expect([...(ended.frames[0]?.subarray(6, 12) ?? [])]).toEqual([0x52, 0x54, 0x00, 0x12, 0x34, 0x56]);
  });

  it.each([
    ['outside', 'points outside guest RAM'],
    ['wrap', 'points outside guest RAM'],
    ['long', 'points outside guest RAM'],
    ['circle', 'runs in a circle'],
    ['next', 'number is beyond its size'],
    ['head', 'number is beyond its size'],
    ['order', 'comes behind one to write'],
    ['no-status', 'no byte for its status'],
    ['no-header', 'has no header'],
    ['indirect', 'a flag that was not offered'],
    ['index', 'more chains are available'],
    ['ring', 'a ring lies outside guest RAM'],
    ['size', 'no power of two'],
  ])('ends with a message when its queue makes no sense: %s', (fault, message) => {
    const ended = run(accel, `fault=${fault}`, DISK);
    expect(ended.console).toContain(`vmm: virtio-blk: the guest's queue: `);
    expect(ended.console).toContain(message);
    expect(ended.console).not.toContain('panic');
    expect(ended.code).toBe(1);
  });

  it.each([
    ['disk', 'fuzz', DISK, 'virtio-blk'],
    ['network', 'fuzz-net', '--vmtap tap0', 'virtio-net'],
  ])('never takes the host down, whatever is in the queues of its %s', (_, kind, options, device) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
        const ended = run(accel, `${kind}=${seed}`, options);
        expect(ended.console).not.toContain('panic');
        expect(ended.console).not.toContain('killed by signal');
        // To its end, or ended by the VMM with a message.
        if (ended.code !== 0) expect(ended.console).toContain(`vmm: ${device}: the guest's queue: `);
        expect([0, 1]).toContain(ended.code);
      }),
      { numRuns: 10, seed: 0x76_1b },
    );
  });
});

describe('the interrupt controller of a guest under duvisor', () => {
  it.each(['0', '1', '2', '0x202'])('is the real one at page %s', (page) => {
    expect(run('duvisor', `plic=${page}`, DISK)).toMatchObject({ code: 0 });
  });

  it.each([
    ['0x200', "the firmware's context"],
    ['0x201', "the host kernel's context"],
    ['0x205', "another hart's context"],
    ['0x1f00', 'the register that posts interrupts'],
  ])('ends at page %s: %s', (page) => {
    const ended = run('duvisor', `plic=${page}`, DISK);
    expect(ended.console).toContain("no register of the guest's interrupt controller");
    expect(ended.code).toBe(1);
  });
});

describe('the network of a guest', () => {
  it('works under kvm where hvip has no external interrupt: profile rocket', () => {
    const ended = run('kvm', 'test=net', '--vmtap tap0', { dvext: 'rocket' });
    expect(ended.console).toContain('virtio: ok');
    expect(ended.frames).toHaveLength(6);
  });

  it('works on the reference engine, which comes to the same end', () => {
    const [fast, reference] = (['interpreter', 'reference'] as const).map((engine) =>
      run('duvisor', 'test=net', '--vmtap tap0', { engine }),
    );
    expect(fast?.console).toContain('virtio: ok');
    expect(reference).toEqual(fast);
  }, 240_000);
});

describe('an exit of a guest that uses its network', () => {
  const FROM_GUEST = 4;
  const [TO_HU, TO_HS, TO_M] = [0, 1, 3];
  const CAUSES = 128;
  const FIRST_INTERRUPT = 64;

  const WFI = 22; // virtual instruction: how often an idle guest looks again says nothing

  /** Exceptions out of the guest in the measured rounds, by where they went, without its waiting. */
  function exits(accel: Accel): { toHypervisor: number; toKernel: number } {
    const { code, console, measured } = run(accel, 'test=net', '--vmtap tap0');
    expect(code, console).toBe(0);
    expect(measured?.operations).toBe(5);
    const to = (mode: number): number => {
      const at = (FROM_GUEST + mode) * CAUSES;
      const counts = (measured?.traps ?? []).slice(at, at + FIRST_INTERRUPT);
      return counts.reduce((sum, count, cause) => (cause === WFI ? sum : sum + count), 0);
    };
    return { toHypervisor: to(TO_HU), toKernel: to(TO_HS) + to(TO_M) };
  }

  it('goes to the hypervisor process and to no kernel under duvisor', () => {
    const { toHypervisor, toKernel } = exits('duvisor');
    expect(toKernel).toBe(0);
    // Notifications, and the device's interrupt registers; the interrupt controller is the guest's own.
    expect(toHypervisor).toBeGreaterThanOrEqual(5 * 4);
  });

  it('goes to the kernel under kvm, and there are more of them', () => {
    const { toHypervisor, toKernel } = exits('kvm');
    expect(toHypervisor).toBe(0);
    expect(toKernel).toBeGreaterThan(exits('duvisor').toHypervisor);
  });
});
