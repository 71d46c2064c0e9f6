/** A process of the cluster, started by this command: its log in a file, its end tied to ours, its start awaited. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError, exitCodes } from '../errors.js';

export interface ServiceOptions {
  /** For messages: `controller`, `worker-1`. */
  readonly name: string;
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Start again when it ends by itself, so many times. */
  readonly restarts: number;
  /** Killed when it has not ended so long after being asked to. Default 20 s: a controller stops its database, a worker hands its runs back. */
  readonly stopDeadlineMs?: number;
}

const defaultStopDeadlineMs = 20_000;

export class Service {
  private child: ChildProcess;
  private stopping = false;
  private restartsLeft: number;
  private logStart = 0;
  /** Settles when the process has ended for good. */
  readonly ended: Promise<void>;
  private markEnded: () => void = () => undefined;

  constructor(private readonly options: ServiceOptions) {
    this.restartsLeft = options.restarts;
    this.ended = new Promise((resolve) => (this.markEnded = resolve));
    this.child = this.spawn();
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The process sent `{ kind: 'ready' }`. Rejects with its last line when it ends first. */
  ready(deadlineMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const { name, logFile } = this.options;
      const timer = setTimeout(
        () => done(new CommandError(`${name}: not ready after ${String(deadlineMs / 1000)} s, see ${logFile}`)),
        deadlineMs,
      );
      const onMessage = (message: unknown): void => {
        if ((message as { kind?: unknown } | null)?.kind === 'ready') done();
      };
      const child = this.child;
      const done = (error?: Error): void => {
        clearTimeout(timer);
        child.off('message', onMessage);
        if (error === undefined) resolve();
        else reject(error);
      };
      child.on('message', onMessage);
      void this.ended.then(() => done(this.failure()));
    });
  }

  /** Asks it to end, insists when it does not. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.killGroup(), this.options.stopDeadlineMs ?? defaultStopDeadlineMs);
    await this.ended;
    clearTimeout(timer);
  }

  private spawn(): ChildProcess {
    const { program, environment, logFile } = this.options;
    mkdirSync(dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'a', 0o600);
    this.logStart = fstatSync(log).size;
    const child = spawn(process.execPath, ['--enable-source-maps', program], {
      env: { ...process.env, ...environment },
      // The channel is how it notices that we are gone; a group of its own keeps a terminal's Ctrl-C for us.
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
    closeSync(log);
    child.on('error', () => this.onExit(child));
    child.on('exit', () => this.onExit(child));
    return child;
  }

  private onExit(child: ChildProcess): void {
    if (child !== this.child) return;
    // Refused input will be refused again.
    if (this.stopping || this.restartsLeft === 0 || child.exitCode === exitCodes.badInput) {
      this.markEnded();
      return;
    }
    this.restartsLeft -= 1;
    this.child = this.spawn();
  }

  /** Why it ended, from the last line it wrote. */
  failure(): CommandError {
    const { name, logFile } = this.options;
    const text = readFileSync(logFile).subarray(this.logStart).toString('utf8').trim();
    const last = text.split('\n').findLast((line) => line.trim() !== '' && !/^\s+at |^Node\.js v/.test(line));
    const badInput = this.child.exitCode === exitCodes.badInput;
    const how = this.child.signalCode ?? `exit code ${String(this.child.exitCode)}`;
    // A service that refuses its input has said so in one line of its own.
    return badInput && last !== undefined
      ? new CommandError(last.replace(/^[a-z-]+: /, ''), exitCodes.badInput)
      : new CommandError(`${name} ended (${how}): ${last ?? 'it wrote nothing'} (log: ${logFile})`);
  }

  private killGroup(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // Gone meanwhile.
    }
  }
}
