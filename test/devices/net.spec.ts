/** A program that sends frames back, on both engines: what the far end sees, and when. */
import { describe, expect, it } from 'vitest';
import type { DeviceClock, LinkPeer } from '../../libs/riscv-core/src/index.js';
import type { MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import { engineNames, type EngineName } from '../../libs/riscv-core/src/machine/engine.js';
import { PASS, Program } from '../isa/program.js';
import { echoFrames } from './io-program.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Sends frames at given cycles and keeps what comes back. */
class Sender implements LinkPeer {
  readonly back: { cycle: number; bytes: string }[] = [];

  constructor(private readonly frames: readonly { at: number; bytes: Uint8Array }[]) {}

  connect(send: (frame: Uint8Array) => void, clock: DeviceClock): void {
    for (const { at, bytes } of this.frames) clock.at(at, () => send(bytes));
  }

  receive(frame: Uint8Array, cycle: number): void {
    this.back.push({ cycle, bytes: hex(frame) });
  }
}

/** Alone, close together, at the same cycle, short and long. */
const FRAMES = [5_000, 40_000, 40_001, 40_001, 41_000, 200_000, 200_000, 200_000, 200_000, 200_000, 200_000].map(
  (at, i) => ({
    at,
    bytes: Uint8Array.from({ length: i % 3 === 2 ? 1514 : 60 + i }, (_, byte) => (byte * 3 + i) & 0xff),
  }),
);

/** Until the last frame has reached the far end. */
const LINGER = `
    li   t0, 20000
linger:
    addi t0, t0, -1
    bnez t0, linger
${PASS}`;

interface Outcome {
  readonly cycles: bigint;
  readonly hash: string;
  readonly back: Sender['back'];
  /** Checksum of the cycles at which the program saw the frames. */
  readonly seen: bigint;
}

function echo(engine: EngineName, options: MachineOptions, slice: number): Outcome {
  const sender = new Sender(FRAMES);
  const set = { 'net.gbps': 10 };
  const program = new Program(echoFrames(FRAMES.length, LINGER), engine, { ...options, set, net: { peer: sender } });
  let state = program.machine.run(slice, 5_000_000);
  while (state.kind === 'running') state = program.machine.run(slice, 5_000_000);
  expect(state).toEqual({ kind: 'finisher', code: 0n });
  return { cycles: program.cycles(), hash: program.hash(), back: sender.back, seen: program.x('s9') };
}

describe.each<MachineOptions>([{}, { machine: 'firesim' }, { harts: 1, machine: 'firesim', timing: 'none' }])(
  'network device of %o',
  (options) => {
    const runs = engineNames.map((engine) => echo(engine, options, 1_000_000));

    it('brings every frame to the program and back, in order and unchanged', () => {
      for (const { back } of runs)
        expect(back.map(({ bytes }) => bytes)).toEqual(FRAMES.map(({ bytes }) => hex(bytes)));
    });

    it('does so at the same cycles and with the same state at the end on every engine', () => {
      for (const one of runs) expect(one).toEqual(runs[0]);
    });

    it('does not depend on how the simulation host slices the run', () => {
      for (const slice of [1, 7, 100, 5000]) expect(echo('interpreter', options, slice)).toEqual(runs[0]);
    });
  },
);
