/** `dvfarm exec`: a program on the bare machine. Loads the simulator and nothing else. */
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import {
  buildMachine,
  ConfigError,
  echoPeer,
  engineFactory,
  formatSignature,
  resolveConfig,
  signatureRange,
  type BootImages,
  type Machine,
  type MachineConfig,
  type MachineExit,
  type NamedBytes,
  type SignatureRange,
} from '#libs/riscv-core';
import { exitCodes } from '../errors.js';
import { HostConsole } from '../exec/console.js';
import { help, parseExecArguments, type ExecOptions } from '../exec/options.js';

const LIMIT = 124;
const DEADLOCK = 125;
const SECTOR = 512;
const MAX_EXIT_CODE = 255n;
/** Instructions between looks at standard input: some tens of milliseconds of each engine. */
const SLICE = { jit: 8_000_000, interpreter: 5_000_000, reference: 20_000 } as const;

type Ending = MachineExit | { readonly kind: 'error'; readonly message: string };

/** Returns the exit code; writes everything else. */
export async function exec(args: readonly string[]): Promise<number> {
  let machine: Machine;
  let config: MachineConfig;
  let options: ExecOptions;
  let output: HostConsole;
  let signature: SignatureRange | undefined;
  let disk: Uint8Array | undefined;
  try {
    const parsed = parseExecArguments(args);
    if (parsed === 'help') {
      process.stdout.write(help);
      return exitCodes.done;
    }
    options = parsed;
    disk = options.blk === undefined ? undefined : readDisk(options.blk);
    config = resolveConfig({
      ...options.machine,
      ...(disk === undefined ? {} : { block: { image: disk } }),
      ...(options.net === 'echo' ? { net: { peer: echoPeer() } } : {}),
    });
    const images = readImages(options);
    output = new HostConsole(options.uart, options.json ? process.stderr : process.stdout);
    const built = buildMachine(config, images, engineFactory(options.engine), {
      write: (bytes) => output.write(bytes),
      inputWanted: () => output.startReading(),
    });
    machine = built.machine;
    if (options.signature !== undefined) {
      writeOutput(options.signature, '');
      signature = signatureRange(built.symbols, machine.ram, options.elf ?? '--signature');
    }
    if (options.blkOut !== undefined) checkWritable(options.blkOut);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`dvfarm exec: ${error.message}\n`);
    return exitCodes.badInput;
  }

  const begin = process.hrtime.bigint();
  const ending = await runToEnd(machine, options, output);
  const hostSeconds = Number(process.hrtime.bigint() - begin) / 1e9;
  output.close();
  if (signature !== undefined && options.signature !== undefined)
    writeOutput(options.signature, formatSignature(machine.ram, signature));
  if (disk !== undefined && options.blkOut !== undefined) writeOutput(options.blkOut, disk);
  if (ending.kind === 'error') process.stderr.write(`dvfarm exec: ${ending.message}\n`);
  const code = exitCode(ending);
  if (options.json)
    process.stdout.write(`${JSON.stringify(report(machine, config, options, ending, code, hostSeconds))}\n`);
  else if (ending.kind === 'limit' || ending.kind === 'deadlock')
    process.stderr.write(`dvfarm exec: ${explainEnd(ending.kind, machine)}\n`);
  return code;
}

async function runToEnd(machine: Machine, options: ExecOptions, output: HostConsole): Promise<Ending> {
  try {
    for (;;) {
      const state = machine.run(SLICE[options.engine], options.maxInstructions, output.open);
      if (state.kind === 'needs-input') await output.input();
      else if (state.kind !== 'running') return state;
      else await new Promise((resolve) => setImmediate(resolve));
      const input = output.take();
      if (input !== undefined) machine.receive(input);
    }
  } catch (error) {
    return { kind: 'error', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
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
    case 'error':
      return exitCodes.bug;
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
  hostSeconds: number,
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
    mips: hostSeconds > 0 ? instret / hostSeconds / 1e6 : 0,
    engine: options.engine,
    timing: preset === undefined ? model : `${model}:${preset}`,
  };
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

function read(file: string): NamedBytes {
  try {
    return { name: file, bytes: readFileSync(file) };
  } catch (error) {
    throw fileError(file, error, 'a file that can be read');
  }
}

/** Content of a disk: the file's, in whole sectors. */
function readDisk(file: string): Uint8Array {
  const { bytes } = read(file);
  if (bytes.length === 0) throw new ConfigError('--blk', `${file}, which is empty`, 'at least one byte');
  const disk = new Uint8Array(Math.ceil(bytes.length / SECTOR) * SECTOR);
  disk.set(bytes);
  return disk;
}

function writeOutput(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw fileError(file, error, 'a file that can be written');
  }
}

/** Without changing the file, which may be the one that was read. */
function checkWritable(file: string): void {
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    throw fileError(file, error, 'a file that can be written');
  }
}

function fileError(file: string, error: unknown, expected: string): ConfigError {
  const { code } = error as NodeJS.ErrnoException;
  return new ConfigError(file, code === 'ENOENT' ? 'no such file' : (code ?? String(error)), expected);
}
