/** Loading, and what stands on the page meanwhile. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export interface Loaded<Value> {
  /** The newest that came; stays while it is asked for again. */
  readonly value: Value | null;
  readonly error: Error | null;
  reload(): void;
}

/** Loads when `key` changes, on `reload`, and every `everyMs` while the page is seen. An older answer never replaces a newer one. */
export function useLoaded<Value>(
  key: string,
  load: (signal: AbortSignal) => Promise<Value>,
  everyMs: number | null = null,
): Loaded<Value> {
  const [state, setState] = useState<{ key: string; value: Value | null; error: Error | null }>({
    key,
    value: null,
    error: null,
  });
  const [turn, setTurn] = useState(0);
  const loader = useRef(load);
  loader.current = load;
  useEffect(() => {
    const gone = new AbortController();
    loader
      .current(gone.signal)
      .then((value) => {
        if (!gone.signal.aborted) setState({ key, value, error: null });
      })
      .catch((error: unknown) => {
        if (!gone.signal.aborted)
          setState((before) => ({
            key,
            value: before.key === key ? before.value : null,
            error: error instanceof Error ? error : new Error(String(error)),
          }));
      });
    return () => gone.abort();
  }, [key, turn]);
  useEffect(() => {
    if (everyMs === null) return;
    const timer = setInterval(() => {
      if (!document.hidden) setTurn((before) => before + 1);
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  const current = state.key === key;
  return {
    value: current ? state.value : null,
    error: current ? state.error : null,
    reload: () => setTurn((before) => before + 1),
  };
}

/** Asks at most once per `ms`, and once more after the last change: for lists beside a busy stream. */
export function useThrottled(value: number, ms: number): number {
  const [shown, setShown] = useState(value);
  const last = useRef(0);
  useEffect(() => {
    const rest = Math.max(0, last.current + ms - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      setShown(value);
    }, rest);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return shown;
}

interface WhenProps<Value> {
  loaded: Loaded<Value>;
  children: (value: Value) => ComponentChildren;
}

/** The value; before it comes, a note; when it cannot come, why. */
export function When<Value>({ loaded, children }: WhenProps<Value>): JSX.Element {
  const { value, error, reload } = loaded;
  return (
    <>
      {error !== null && <Failure error={error} retry={reload} />}
      {value !== null ? (
        children(value)
      ) : error === null ? (
        <p class="soft" role="status">
          Loading …
        </p>
      ) : null}
    </>
  );
}

export function Failure({ error, retry }: { error: Error; retry?: () => void }): JSX.Element {
  return (
    <div class="notice bad" role="alert">
      <span>{error.message}</span>
      {retry !== undefined && (
        <button type="button" class="quiet" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
