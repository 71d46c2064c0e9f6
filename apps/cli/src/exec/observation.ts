/** What `dvfarm exec` writes down about a run while it goes on. None of it changes the run. */
import { closeSync, openSync, writeSync } from 'node:fs';
import {
  CommitLog,
  ConfigError,
  flameGraph,
  parseAddress,
  parseSymbolFile,
  Profile,
  SymbolTable,
  WatchLog,
  type BuiltMachine,
  type CodeSymbol,
  type InstructionObserver,
} from '#libs/riscv-core';
import { read } from './files.js';
import { HashChain } from './hash-chain.js';
import type { Milestone } from './milestones.js';
import type { ExecOptions, WatchOption } from './options.js';

const FLUSH_CHARACTERS = 1 << 16;

/** A text file written in pieces. */
class TextFile {
  private readonly file: number;
  private pending = '';

  /** Throws {@link ConfigError}. */
  constructor(name: string) {
    try {
      this.file = openSync(name, 'w');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new ConfigError(
        name,
        code === 'ENOENT' ? 'no such file' : (code ?? String(error)),
        'a file that can be written',
      );
    }
  }

  readonly write = (text: string): void => {
    this.pending += text;
    if (this.pending.length >= FLUSH_CHARACTERS) this.flush();
  };

  close(): void {
    this.flush();
    closeSync(this.file);
  }

  private flush(): void {
    writeSync(this.file, this.pending);
    this.pending = '';
  }
}

export class Observation {
  readonly milestones: Milestone[] = [];
  private readonly atEnd: (() => void)[] = [];

  /** Before the first run. Throws {@link ConfigError} when a file cannot be written. */
  constructor({ machine, symbols }: BuiltMachine, options: ExecOptions) {
    const { commitLog, hashEvery, profile, watch } = options;
    const observers: InstructionObserver[] = [];
    if (profile !== undefined) {
      const file = new TextFile(profile);
      const observer = new Profile(machine, new SymbolTable(knownSymbols(symbols, options)));
      observers.push(observer);
      this.atEnd.push(() => {
        const folded = observer.folded();
        file.write(profile.endsWith('.svg') ? flameGraph(folded, `cycles of ${options.elf ?? 'the machine'}`) : folded);
        file.close();
      });
    }
    if (commitLog !== undefined) {
      const file = new TextFile(commitLog);
      const log = new CommitLog(machine, (line) => file.write(`${line}\n`));
      observers.push(log);
      this.atEnd.push(
        () => log.end(),
        () => file.close(),
      );
    }
    if (watch.length > 0) {
      const known = knownSymbols(symbols, options);
      const byName = new Map(known.map(({ name, address }) => [name, address]));
      const watched = watch.map(({ place, size, kind }) => ({ kind, size, address: addressOf(place, byName) }));
      const log = new WatchLog(machine, watched, new SymbolTable(known), (line) => process.stderr.write(`${line}\n`));
      observers.push(log);
      this.atEnd.push(() => log.end());
    }
    if (observers.length > 0) machine.observeInstructions(together(observers));
    if (hashEvery !== undefined) {
      const file = new TextFile(hashEvery.file);
      const chain = new HashChain(machine, hashEvery.cycles, file.write);
      this.milestones.push(chain);
      this.atEnd.push(
        () => chain.line(),
        () => file.close(),
      );
    }
  }

  /** The machine has ended. */
  end(): void {
    for (const finish of this.atEnd) finish();
  }
}

/** Shows each instruction to all of them; none of them stops the machine. */
function together(observers: readonly InstructionObserver[]): InstructionObserver {
  return {
    before: (hart, pc, raw) => {
      for (const observer of observers) observer.before(hart, pc, raw);
      return false;
    },
  };
}

/** Of the ELF, and of the files that --symbols names. Throws {@link ConfigError}. */
function knownSymbols(elf: BuiltMachine['symbols'], { symbols }: ExecOptions): CodeSymbol[] {
  const more = symbols.flatMap((name) => parseSymbolFile(new TextDecoder().decode(read(name).bytes), name));
  return [...elf].map(([name, address]) => ({ name, address })).concat(more);
}

/** Of `0x80001000`, `name` or `name+0x10`. Throws {@link ConfigError}. */
function addressOf(place: WatchOption['place'], symbols: ReadonlyMap<string, bigint>): bigint {
  if (/^[0-9]/.test(place)) return parseAddress(place, '--watch');
  const [, name = '', offset] = /^([^+]+)(?:\+(.+))?$/.exec(place) ?? [];
  const address = symbols.get(name);
  if (address === undefined)
    throw new ConfigError('--watch', JSON.stringify(place), 'an address, or a symbol of the ELF or of --symbols');
  return address + (offset === undefined ? 0n : parseAddress(offset, '--watch'));
}
