/** Waiting times between tries in ms: 200, 400, 800, ... up to 5 s, for ever. */
export function* backoff(firstMs = 200, longestMs = 5000): Generator<number, never> {
  for (let delay = firstMs; ; delay = Math.min(delay * 2, longestMs)) yield delay;
}
