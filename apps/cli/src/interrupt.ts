/** One AbortSignal for SIGINT, SIGTERM and SIGHUP: everything that waits listens to it, and the command then stops what it started. */

export interface Interrupt {
  readonly signal: AbortSignal;
  release(): void;
}

/** A second signal does not cut the tidying short: it is bounded in time anyway. */
export function onInterrupt(): Interrupt {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const stop = (): void => controller.abort();
  for (const name of names) process.on(name, stop);
  return {
    signal: controller.signal,
    release: () => names.forEach((name) => process.off(name, stop)),
  };
}
