/** A job done again and again, never twice at the same time; it can be woken before its time. */
export interface Repeated {
  wake(): void;
  /** Resolves when the work in hand is done. */
  stop(): Promise<void>;
}

/** Errors go to `onError`; the next turn comes all the same. */
export function repeat(everyMs: number, work: () => Promise<void>, onError: (error: unknown) => void): Repeated {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;

  const turn = (): void => {
    if (stopped) return;
    clearTimeout(timer);
    if (running !== undefined) {
      again = true;
      return;
    }
    running = work()
      .catch(onError)
      .finally(() => {
        running = undefined;
        if (stopped) return;
        timer = setTimeout(turn, again ? 0 : everyMs);
        again = false;
      });
  };
  timer = setTimeout(turn, everyMs);
  return {
    wake: turn,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
