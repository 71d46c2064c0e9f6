import type { LoggedEvent, RunEvent } from '#libs/contracts';
import type { RunLogEntry } from '../db/generated/client.js';

/** A row of the log as it is told. */
export function toEvent(row: RunLogEntry): LoggedEvent {
  const head = { id: String(row.id), at: row.at.toISOString(), campaignId: row.campaignId, runId: row.runId };
  switch (row.kind) {
    case 'TRANSITION':
      // The table's check: a transition has both states.
      return {
        ...head,
        kind: 'transition',
        event: row.name as RunEvent,
        from: row.fromState!,
        to: row.toState!,
        attempt: row.attempt,
        detail: row.detail,
      };
    case 'REFUSED':
      return { ...head, kind: 'refused', attempt: row.attempt, message: row.name, detail: row.detail };
    case 'ALARM':
      return { ...head, kind: 'alarm', detail: row.detail, differing: row.differing };
  }
}
