/** `dvfarm exec`: a program on the bare machine. Loads the simulator and nothing else. */
import {
  buildMachine,
  ConfigError,
  echoPeer,
  engineFactory,
  formatSignature,
  readSnapshot,
  resolveConfig,
  signatureRange,
  type BootImages,
  type BuiltMachine,
  type ConsolePorts,
  type EventSeries,
  type LinkPeer,
  type Machine,
  type MachineConfig,
  type MachineExit,
  type SignatureRange,
} from '#libs/riscv-core';
import { regionThread } from '#libs/region-thread';
import { exitCodes } from '../errors.js';
import { HostConsole } from '../exec/console.js';
import { writeEvents } from '../exec/event-file.js';
import { checkDirectory, checkWritable, read, writeOutput } from '../exec/files.js';
import { runUnderGdb } from '../exec/gdb-server.js';
import { Milestones } from '../exec/milestones.js';
import { Observation } from '../exec/observation.js';
import { SnapshotWriter, zlib } from '../exec/snapshots.js';
import { help, parseExecArguments, type ExecOptions } from '../exec/options.js';

const LIMIT = 124;
const DEADLOCK = 125;
const SECTOR = 512;
const MAX_EXIT_CODE = 255n;
/** Instructions between looks at standard input: some tens of milliseconds of each engine. */
const SLICE = { jit: 8_000_000, interpreter: 5_000_000, reference: 20_000 } as const;

type Ending =
  | MachineExit
  /** By GDB. */
  | { readonly kind: 'killed' }
  | { readonly kind: 'error'; readonly message: string; readonly exitCode: number };

/** Returns the exit code; writes everything else. */
export async function exec(args: readonly string[]): Promise<number> {
  let options: ExecOptions;
  let output: HostConsole;
  let built: BuiltMachine;
  let signature: SignatureRange | undefined;
  let events: EventSeries | undefined;
  let observation: Observation;
  try {
    const parsed = parseExecArguments(args);
    if (parsed === 'help') {
      process.stdout.write(help);
      return exitCodes.done;
    }
    options = parsed;
    output = new HostConsole(options.uart, options.json ? process.stderr : process.stdout);
    built = makeMachine(options, {
      write: (bytes) => output.write(bytes),
      inputWanted: () => output.startReading(),
    });
    if (options.signature !== undefined) {
      writeOutput(options.signature, '');
      signature = signatureRange(built.symbols, built.machine.ram, options.elf ?? options.resume ?? '--signature');
    }
    if (options.blkOut !== undefined) {
      if (built.machine.config.block === undefined)
        throw new ConfigError('--blk-out', 'no block device in the snapshot', 'one that was saved with --blk');
      checkWritable(options.blkOut);
    }
    if (options.counters !== undefined) events = writeEvents(built.machine, options.counters, options.sampleEvery);
    if (options.snapshotOut !== undefined) checkDirectory(options.snapshotOut.file);
    observation = new Observation(built, options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`dvfarm exec: ${error.message}\n`);
    return exitCodes.badInput;
  }

  const { machine } = built;
  const { config } = machine;
  const snapshot = options.snapshotOut === undefined ? undefined : new SnapshotWriter(built, options.snapshotOut);
  const milestones = new Milestones(machine, [
    ...observation.milestones,
    ...(snapshot === undefined ? [] : [snapshot]),
  ]);
  const begin = process.hrtime.bigint();
  const ending = await underGdb(machine, options, output, () => runToEnd(machine, options, output, milestones));
  if (ending.kind === 'limit') snapshot?.stopped();
  observation.end();
  const cost = { hostSeconds: Number(process.hrtime.bigint() - begin) / 1e9, cpuSeconds: processorSeconds() };
  output.close();
  events?.end();
  if (signature !== undefined && options.signature !== undefined)
    writeOutput(options.signature, formatSignature(machine.ram, signature));
  if (config.block !== undefined && options.blkOut !== undefined) writeOutput(options.blkOut, config.block.image);
  if (ending.kind === 'error') process.stderr.write(`dvfarm exec: ${ending.message}\n`);
  let code = exitCode(ending);
  const missed = snapshot?.missed();
  if (missed !== undefined) {
    process.stderr.write(`dvfarm exec: ${missed}\n`);
    if (code === exitCodes.done) code = exitCodes.failed;
  }
  if (options.json) process.stdout.write(`${JSON.stringify(report(machine, config, options, ending, code, cost))}\n`);
  else if (ending.kind === 'limit' || ending.kind === 'deadlock')
    process.stderr.write(`dvfarm exec: ${explainEnd(ending.kind, machine)}\n`);
  return code;
}

/** Throws {@link ConfigError}. */
function makeMachine(options: ExecOptions, ports: ConsolePorts): BuiltMachine {
  const engine = engineFactory(options.engine, { builder: regionThread });
  if (options.resume !== undefined) return readSnapshot(read(options.resume), zlib).restore(engine, ports, makePeer);
  const peer = makePeer(options.net);
  const config = resolveConfig({
    ...options.machine,
    ...(options.blk === undefined ? {} : { block: { image: readDisk(options.blk) } }),
    ...(peer === undefined ? {} : { net: { peer } }),
  });
  return buildMachine(config, readImages(options), engine, ports);
}

function makePeer(kind: string): LinkPeer | undefined {
  return kind === 'echo' ? echoPeer() : undefined;
}

/** With --gdb first as GDB says; what is left of the run is `alone`'s. */
async function underGdb(
  machine: Machine,
  { gdb, maxInstructions }: ExecOptions,
  output: HostConsole,
  alone: () => Promise<Ending>,
): Promise<Ending> {
  if (gdb === undefined) return alone();
  const listening = (port: number): void => {
    process.stderr.write(`dvfarm exec: waiting for GDB: target remote 127.0.0.1:${port}\n`);
  };
  try {
    const ending = await runUnderGdb(machine, output, { port: gdb, maxInstructions, listening });
    return ending === 'detached' ? await alone() : ending === 'killed' ? { kind: 'killed' } : ending;
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): Ending {
  if (error instanceof ConfigError) return { kind: 'error', message: error.message, exitCode: exitCodes.badInput };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'error', message, exitCode: exitCodes.bug };
}

async function runToEnd(
  machine: Machine,
  options: ExecOptions,
  output: HostConsole,
  milestones: Milestones,
): Promise<Ending> {
  const slice = SLICE[options.engine];
  try {
    for (;;) {
      const { cycle } = milestones;
      const state = machine.run(milestones.budget(slice), options.maxInstructions, output.open, cycle);
      if (state.kind === 'running' || state.kind === 'limit') milestones.check();
      if (state.kind === 'needs-input') await output.input();
      else if (state.kind !== 'running') return state;
      else await new Promise((resolve) => setImmediate(resolve));
      const input = output.take();
      if (input !== undefined) machine.receive(input);
    }
  } catch (error) {
    return failure(error);
  }
}

function exitCode(ending: Ending): number {
  switch (ending.kind) {
    case 'htif':
    case 'finisher':
      return Number(ending.code < MAX_EXIT_CODE ? ending.code : MAX_EXIT_CODE);
    case 'reset':
      return exitCodes.done;
    case 'limit':
      return LIMIT;
    case 'deadlock':
      return DEADLOCK;
    case 'killed':
      return exitCodes.interrupted;
    case 'error':
      return ending.exitCode;
  }
}

function explainEnd(kind: 'limit' | 'deadlock', machine: Machine): string {
  if (kind === 'limit') {
    const barren = machine.totalSteps() - machine.totalInstret();
    const rest = barren === 0 ? '' : ` and ${barren} traps or events in a row without one`;
    return `stopped after ${machine.totalInstret()} instructions${rest} (--max-instructions)`;
  }
  return `deadlock: every hart sleeps in WFI and no event is due, after ${machine.totalInstret()} instructions`;
}

function report(
  machine: Machine,
  config: MachineConfig,
  options: ExecOptions,
  ending: Ending,
  code: number,
  { hostSeconds, cpuSeconds }: { readonly hostSeconds: number; readonly cpuSeconds: number },
): object {
  const instret = machine.totalInstret();
  const { model, preset } = config.timing;
  return {
    exit: { kind: ending.kind, code: 'code' in ending && ending.code !== null ? exact(ending.code) : code },
    instret,
    cycles: machine.totalCycles(),
    harts: Array.from({ length: config.harts }, (_, hart) => ({
      instret: machine.instret(hart),
      cycles: machine.cycles(hart),
    })),
    stateHash: machine.stateHash(),
    hostSeconds,
    cpuSeconds,
    mips: hostSeconds > 0 ? instret / hostSeconds / 1e6 : 0,
    engine: options.engine,
    timing: preset === undefined ? model : `${model}:${preset}`,
  };
}

/** Processor time of this process and all its threads until now: loading and compiling are part of it. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** A number where JSON's numbers hold it exactly, else its decimal digits. */
function exact(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}

function readImages(options: ExecOptions): BootImages {
  return {
    ...(options.elf === undefined ? {} : { elf: read(options.elf) }),
    raw: options.load.map(({ file, address }) => ({ ...read(file), address })),
    ...(options.initrd === undefined
      ? {}
      : { initrd: { ...read(options.initrd.file), address: options.initrd.address } }),
    ...(options.dtb === undefined ? {} : { dtb: read(options.dtb) }),
    ...(options.entry === undefined ? {} : { entry: options.entry }),
    ...(options.append === undefined ? {} : { append: options.append }),
  };
}

/** Content of a disk: the file's, in whole sectors. */
function readDisk(file: string): Uint8Array {
  const { bytes } = read(file);
  if (bytes.length === 0) throw new ConfigError('--blk', `${file}, which is empty`, 'at least one byte');
  const disk = new Uint8Array(Math.ceil(bytes.length / SECTOR) * SECTOR);
  disk.set(bytes);
  return disk;
}
