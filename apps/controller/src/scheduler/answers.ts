import type { Db } from '../db/prisma.js';

/** The first run of that key that passed with a result of its own: its result stands for all others of the key. */
export async function findAnswer(db: Db, runKey: string): Promise<string | null> {
  const found = await db.run.findFirst({
    where: { runKey, state: 'SUCCEEDED', reusedFromId: null },
    orderBy: { endedAt: 'asc' },
    select: { id: true },
  });
  return found?.id ?? null;
}

/** The same for many keys in one statement: key -> run. */
export async function findAnswers(db: Db, runKeys: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.$queryRaw<{ run_key: string; id: string }[]>`
    select distinct on (run_key) run_key, id from runs
     where run_key = any(${[...runKeys]}::text[]) and state = 'SUCCEEDED' and reused_from_id is null
     order by run_key, ended_at`;
  return new Map(rows.map((row) => [row.run_key, row.id]));
}
