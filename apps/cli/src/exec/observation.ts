/** What `dvfarm exec` writes down about a run while it goes on. None of it changes the run. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { CommitLog, ConfigError, flameGraph, parseSymbolFile, Profile, type BuiltMachine } from '#libs/riscv-core';
import { read } from './files.js';
import { HashChain } from './hash-chain.js';
import type { Milestone } from './milestones.js';
import type { ExecOptions } from './options.js';

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
    const { commitLog, hashEvery, profile } = options;
    if (profile !== undefined) {
      const file = new TextFile(profile);
      const more = options.symbols.flatMap((name) => parseSymbolFile(new TextDecoder().decode(read(name).bytes), name));
      const known = [...symbols].map(([name, address]) => ({ name, address })).concat(more);
      const observer = new Profile(machine, known);
      machine.observeInstructions(observer);
      this.atEnd.push(() => {
        const folded = observer.folded();
        file.write(profile.endsWith('.svg') ? flameGraph(folded, `cycles of ${options.elf ?? 'the machine'}`) : folded);
        file.close();
      });
    }
    if (commitLog !== undefined) {
      const file = new TextFile(commitLog);
      const log = new CommitLog(machine, (line) => file.write(`${line}\n`));
      machine.observeInstructions(log);
      this.atEnd.push(
        () => log.end(),
        () => file.close(),
      );
    }
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
