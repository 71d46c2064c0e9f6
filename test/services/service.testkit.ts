/**
 * The guest's services outside the machine: the same binaries under QEMU's user mode (Debian package qemu-user), which passes
 * their system calls to Linux. Connections hand over segments one by one and give back what comes.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fromBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';
import { freePort } from '../../libs/platform/src/free-port.js';
import { segmentsOf } from './segments.testkit.js';

const QEMU = 'qemu-riscv64';
const HOST = '127.0.0.1';

/** False where the emulator is missing; CI installs it. */
export const emulatorInstalled = spawnSync(QEMU, ['--version']).status === 0;

/** One connection to a service. */
export class Channel {
  private readonly pieces: Uint8Array[] = [];
  private ended = false;
  private wake: () => void = () => undefined;

  constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (data) => {
      this.pieces.push(new Uint8Array(data));
      this.wake();
    });
    const end = (): void => {
      this.ended = true;
      this.wake();
    };
    socket.on('end', end).on('close', end).on('error', end);
  }

  /** Each segment is a packet of its own as far as the network stack lets it. */
  async send(segments: readonly Uint8Array[]): Promise<void> {
    for (const segment of segments) {
      if (segment.length > 0) this.socket.write(segment);
      await setImmediate();
    }
  }

  /** Sends no more; the service still answers. */
  end(): void {
    this.socket.end();
  }

  /** The next bytes; undefined when the service has closed the connection. */
  async receive(): Promise<Uint8Array | undefined> {
    while (this.pieces.length === 0 && !this.ended) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.pieces.shift();
  }

  /** Everything until the service closes the connection, as a byte string. */
  async rest(): Promise<string> {
    let text = '';
    for (let piece = await this.receive(); piece !== undefined; piece = await this.receive()) text += fromBytes(piece);
    return text;
  }

  /** Replies as `parser` makes them, until there are `count` (or the connection ends). */
  async replies<R>(parser: { push(segment: Uint8Array): R[] }, count: number): Promise<R[]> {
    const replies: R[] = [];
    while (replies.length < count) {
      const piece = await this.receive();
      if (piece === undefined) return replies;
      replies.push(...parser.push(piece));
    }
    return replies;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A service, or another server that stands in for it. */
export class RunningService {
  private log = '';

  constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {
    child.stderr?.on('data', (data: Buffer) => (this.log += data.toString()));
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async open(): Promise<Channel> {
    const socket = connect(this.port, HOST);
    await once(socket, 'connect');
    return new Channel(socket);
  }

  /** Sends `text` in the given segments, closes our side, and gives everything that comes back. */
  async conversation(text: string, cuts: readonly number[] = []): Promise<string> {
    const channel = await this.open();
    await channel.send(segmentsOf(text, cuts));
    channel.end();
    return channel.rest();
  }

  async stop(): Promise<void> {
    if (!this.alive) throw new Error(`service: ended by itself, exit code ${this.child.exitCode}: ${this.log}`);
    this.child.kill();
    await once(this.child, 'exit');
  }

  /** Waits until connections are accepted. */
  async ready(): Promise<this> {
    for (;;) {
      if (!this.alive) throw new Error(`service: ended with exit code ${this.child.exitCode}: ${this.log}`);
      const channel = await this.open().catch(() => undefined);
      channel?.close();
      if (channel !== undefined) return this;
      await setImmediate();
    }
  }
}

const elf = (service: string): string =>
  fileURLToPath(new URL(`../../libs/duvisor/guest/prebuilt/service-${service}.elf`, import.meta.url));

export type ServiceName = 'memcached' | 'redis' | 'nginx';

export async function startService(name: ServiceName, ...options: string[]): Promise<RunningService> {
  const port = await freePort();
  const udp = name === 'memcached' ? ['-U', String(port)] : [];
  return startServer(QEMU, [elf(name), '-p', String(port), '-l', HOST, ...udp, ...options], port);
}

/** A real server of the same protocol; `options` gets the port. */
export async function startReference(
  program: string,
  options: (port: string, host: string) => string[],
): Promise<RunningService> {
  const port = await freePort();
  return startServer(program, options(String(port), HOST), port);
}

function startServer(program: string, args: readonly string[], port: number): Promise<RunningService> {
  return new RunningService(spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] }), port).ready();
}

/** A service that is to end by itself: its exit code and what it wrote to the standard error output. */
export function runService(name: string, ...options: string[]): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(QEMU, [elf(name), ...options], { encoding: 'utf8' });
  return { status, stderr };
}
