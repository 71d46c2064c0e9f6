/** The machine's console on the simulation host: output collected and written in pieces, input read when it is wanted. */
import { openSync, writeSync, closeSync } from 'node:fs';
import { ConfigError } from '#libs/riscv-core';

const FLUSH_BYTES = 4096;
const NEWLINE = 0x0a;
const ignore = (): void => undefined;

export class HostConsole {
  private readonly file: number | undefined;
  private pending: number[] = [];
  private reading = false;
  private ended = false;
  private chunks: Uint8Array[] = [];
  private waiting: (() => void) | undefined;

  /** `uart`: a file for the output, undefined = standard streams (`stream`). Throws ConfigError when it cannot be opened. */
  constructor(
    uart: string | undefined,
    private readonly stream: NodeJS.WriteStream,
  ) {
    if (uart === undefined) {
      // A reader that goes away ends the output, not the run.
      if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
      return;
    }
    this.ended = true;
    try {
      this.file = openSync(uart, 'w');
    } catch (error) {
      throw new ConfigError(
        `--uart ${uart}`,
        (error as NodeJS.ErrnoException).code ?? String(error),
        'a file that can be written',
      );
    }
  }

  write(bytes: Uint8Array): void {
    for (const byte of bytes) this.pending.push(byte);
    if (this.pending.length >= FLUSH_BYTES || bytes.at(-1) === NEWLINE) this.flush();
  }

  flush(): void {
    if (this.pending.length === 0) return;
    const bytes = Buffer.from(this.pending);
    this.pending = [];
    if (this.file === undefined) this.stream.write(bytes);
    else writeSync(this.file, bytes);
  }

  /** Software looks for input: begins to read standard input. */
  startReading(): void {
    if (this.reading || this.ended) return;
    this.reading = true;
    const wake = (): void => {
      this.waiting?.();
      this.waiting = undefined;
    };
    process.stdin.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      wake();
    });
    const end = (): void => {
      this.ended = true;
      wake();
    };
    process.stdin.on('end', end);
    process.stdin.on('error', end);
  }

  /** May input still come? */
  get open(): boolean {
    return !this.ended;
  }

  /** What has come since the last call. */
  take(): Uint8Array | undefined {
    if (this.chunks.length === 0) return undefined;
    const bytes = Buffer.concat(this.chunks);
    this.chunks = [];
    return bytes;
  }

  /** Resolves when there is input or its end. */
  async input(): Promise<void> {
    this.flush();
    if (this.chunks.length > 0 || this.ended) return;
    this.startReading();
    await new Promise<void>((resolve) => {
      this.waiting = resolve;
    });
  }

  close(): void {
    this.flush();
    if (this.file !== undefined) closeSync(this.file);
    if (this.reading) process.stdin.destroy();
  }
}
