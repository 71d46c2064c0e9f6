import type { PrismaClient } from '../db/generated/client.js';
import type { RunQueue } from '#libs/platform';

const batch = 500;

/**
 * Hands the outbox to the queue. A row is deleted in the transaction that knows the queue has it: if that fails, the
 * row is handed over again, and the queue ignores the job it has. Returns how many rows went.
 */
export async function dispatchOutbox(prisma: PrismaClient, queue: RunQueue, now: () => Date): Promise<number> {
  let sent = 0;
  for (;;) {
    const count = await prisma.$transaction(
      async (db) => {
        // Rows of another controller's batch are skipped.
        const rows = await db.$queryRaw<{ id: bigint; run_id: string; epoch: number; priority: number }[]>`
          select o.id, o.run_id, o.epoch, r.priority
            from outbox o join runs r on r.id = o.run_id
           order by o.id limit ${batch} for update of o skip locked`;
        if (rows.length === 0) return 0;
        await queue.add(rows.map((row) => ({ job: { runId: row.run_id, epoch: row.epoch }, priority: row.priority })));
        await db.outboxEntry.deleteMany({ where: { id: { in: rows.map((row) => row.id) } } });
        await db.run.updateMany({
          where: { id: { in: rows.map((row) => row.run_id) }, state: 'QUEUED' },
          data: { dispatchedAt: now() },
        });
        return rows.length;
      },
      { maxWait: 10_000, timeout: 60_000 },
    );
    sent += count;
    if (count < batch) return sent;
  }
}
