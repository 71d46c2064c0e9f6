/** A machine under GDB: one connection over TCP, on this computer only. */
import { createServer, type Socket } from 'node:net';
import {
  ConfigError,
  Debugger,
  GdbSession,
  packet,
  PacketReader,
  type Machine,
  type MachineExit,
} from '#libs/riscv-core';
import type { HostConsole } from './console.js';

export type GdbEnding = MachineExit | 'detached' | 'killed';

/** Instructions between looks at the connection. */
const SLICE = 200_000;

export interface GdbOptions {
  /** 0: any free one; `listening` says which. */
  readonly port: number;
  readonly maxInstructions: number | undefined;
  readonly listening: (port: number) => void;
}

/** Waits for GDB, then runs the machine as it says, to the machine's end or until GDB leaves. Throws {@link ConfigError}: the port is taken. */
export async function runUnderGdb(machine: Machine, output: HostConsole, options: GdbOptions): Promise<GdbEnding> {
  const socket = await connection(options);
  const link = new Link(socket);
  const session = new GdbSession(new Debugger(machine));
  try {
    for (;;) {
      for (const received of link.take()) {
        if (received.kind === 'damaged') link.write('-');
        else if (received.kind === 'packet') {
          if (session.acknowledges) link.write('+');
          const answer = session.request(received.text);
          if (answer !== undefined) link.write(packet(answer));
        } else if (session.running)
          link.write(packet(session.stopped({ kind: 'stopped', hart: 0, reason: { kind: 'interrupted' } })));
      }
      if (session.left !== undefined || link.closed) {
        session.target.detach();
        return session.left ?? 'detached';
      }
      if (!session.running) await link.more();
      else {
        const state = session.target.run(SLICE, options.maxInstructions, output.open);
        if (state.kind === 'stopped') {
          output.flush();
          link.write(packet(session.stopped(state)));
        } else if (state.kind === 'needs-input') await Promise.race([output.input(), link.more()]);
        else if (state.kind !== 'running') {
          output.flush();
          link.write(packet(session.ended(state)));
          return state;
        }
        await new Promise((resolve) => setImmediate(resolve));
        const input = output.take();
        if (input !== undefined) machine.receive(input);
      }
    }
  } finally {
    socket.end();
  }
}

function connection({ port, listening }: GdbOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      server.close();
      resolve(socket);
    });
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(new ConfigError('--gdb', `port ${port}: ${error.code ?? error.message}`, 'a free port of this computer')),
    );
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      listening(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** The socket as packets that wait to be taken. */
class Link {
  closed = false;
  private readonly reader = new PacketReader();
  private received: ReturnType<PacketReader['push']> = [];
  private waiting: (() => void) | undefined;

  constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.received.push(...this.reader.push(chunk.toString('latin1')));
      this.wake();
    });
    const close = (): void => {
      this.closed = true;
      this.wake();
    };
    socket.on('close', close);
    socket.on('error', close);
  }

  take(): ReturnType<PacketReader['push']> {
    const taken = this.received;
    this.received = [];
    return taken;
  }

  write(text: string): void {
    if (!this.closed) this.socket.write(text, 'latin1');
  }

  /** Resolves when something has come, or nothing will. */
  async more(): Promise<void> {
    if (this.received.length > 0 || this.closed) return;
    await new Promise<void>((resolve) => (this.waiting = resolve));
  }

  private wake(): void {
    this.waiting?.();
    this.waiting = undefined;
  }
}
