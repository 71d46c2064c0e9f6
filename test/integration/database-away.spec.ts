/** A connection to PostgreSQL that breaks anywhere: whatever the statement fails with then, it says that the database is away. */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDatabaseAway, openPrisma } from '../../apps/controller/src/db/prisma.js';
import { startTestPostgres, type TestPostgres } from '../../libs/platform/src/testkit/servers.testkit.js';

let postgres: TestPostgres;
let url: URL;
beforeAll(async () => {
  postgres = await startTestPostgres();
  url = new URL(await postgres.createDatabase('away'));
});
afterAll(() => postgres.stop());

/** How the connection breaks. */
const cuts = {
  'is reset': (socket: Socket) => void socket.resetAndDestroy(),
  'is closed': (socket: Socket) => void socket.end(),
} as const;

/** Between a client and the database: breaks connections once so many bytes have gone one way, and takes no others. */
class Cutter {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private bytes = 0;

  constructor(
    private readonly after: number,
    private readonly from: 'client' | 'server',
    private readonly cut: (socket: Socket) => void,
  ) {
    this.server = createServer((client) => this.take(client));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String((this.server.address() as AddressInfo).port);
    return through.href;
  }

  private take(client: Socket): void {
    const server = connect(Number(url.port), url.hostname);
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    const pass = (to: Socket, counts: boolean) => (chunk: Buffer) => {
      if (counts) this.bytes += chunk.length;
      if (this.bytes <= this.after) return void to.write(chunk);
      this.server.close();
      this.cut(client);
      server.destroy();
    };
    client.on('data', pass(server, this.from === 'client'));
    server.on('data', pass(client, this.from === 'server'));
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** What two transactions and a statement beside them, all at a time, fail with. */
async function failuresThrough(cutter: Cutter): Promise<unknown[]> {
  const prisma = openPrisma(await cutter.listen(), () => undefined);
  const failures: unknown[] = [];
  const note = (error: unknown): void => void failures.push(error);
  try {
    const transaction = (): Promise<unknown> =>
      prisma.$transaction(async (db) => {
        await db.$queryRaw`select ${'x'.repeat(100)}::text`;
        await db.$queryRaw`select 1 + 1`;
      });
    await Promise.all([transaction().catch(note), transaction().catch(note), prisma.$queryRaw`select 2`.catch(note)]);
    // And with what has become of the pool.
    await transaction().catch(note);
  } finally {
    await prisma.$disconnect();
    cutter.close();
  }
  return failures;
}

describe.each(Object.entries(cuts))('a connection that %s', (_, cut) => {
  it.each(['client', 'server'] as const)('anywhere in what the %s sends', async (from) => {
    let broken = 0;
    for (let after = 0; after < 2400; after += 61) {
      const failures = await failuresThrough(new Cutter(after, from, cut));
      broken += failures.length;
      for (const error of failures) {
        const { name, code, message } = error as Error & { code?: unknown };
        expect(isDatabaseAway(error), `cut behind ${after} bytes: ${name} ${String(code)}: ${message}`).toBe(true);
      }
    }
    expect(broken).toBeGreaterThan(40);
  });
});
