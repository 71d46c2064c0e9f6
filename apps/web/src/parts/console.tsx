import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { plural, whole } from '../format.js';
import { linesOf, matches, pieces } from './console-text.js';

/** So many lines are on the page at once: a console may have a hundred thousand. */
const windowSize = 500;

export function ConsoleView({ text }: { text: string }): JSX.Element {
  const lines = useMemo(() => linesOf(text), [text]);
  const [words, setWords] = useState('');
  const [hit, setHit] = useState(0);
  const found = useMemo(() => matches(lines, words), [lines, words]);
  const [start, setStart] = useState(0);
  const current = found[hit];
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (current === undefined) return;
    if (current < start || current >= start + windowSize) setStart(Math.max(0, current - 20));
  }, [current]);
  useEffect(() => {
    const line = box.current?.querySelector<HTMLElement>('.current');
    // The box scrolls, not the page.
    if (line != null && box.current !== null) box.current.scrollTop = line.offsetTop - box.current.clientHeight / 3;
  }, [current, start]);

  const step = (by: number): void => {
    if (found.length > 0) setHit((hit + by + found.length) % found.length);
  };
  if (lines.length === 0) return <p class="soft">The target wrote nothing.</p>;
  const shown = lines.slice(start, start + windowSize);
  return (
    <div class="console">
      <form
        class="row console-tools"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          step(1);
        }}
      >
        <input
          type="search"
          placeholder="Search"
          aria-label="Search the console"
          value={words}
          onInput={(event) => {
            setWords(event.currentTarget.value);
            setHit(0);
          }}
        />
        <button type="button" onClick={() => step(-1)} disabled={found.length === 0} aria-label="Match before">
          ↑
        </button>
        <button type="submit" disabled={found.length === 0} aria-label="Match after">
          ↓
        </button>
        <span class="soft" role="status">
          {words === ''
            ? plural(lines.length, 'line')
            : `${whole(found.length === 0 ? 0 : hit + 1)} of ${plural(found.length, 'line')}`}
        </span>
      </form>
      <div class="console-text" ref={box} role="region" aria-label="What the target wrote" tabIndex={0}>
        {start > 0 && (
          <button type="button" class="quiet" onClick={() => setStart(Math.max(0, start - windowSize))}>
            lines before
          </button>
        )}
        {shown.map((line) => (
          <div key={line.number} class={line.number - 1 === current ? 'line current' : 'line'}>
            <span class="number" aria-hidden="true">
              {line.number}
            </span>
            <span>
              {pieces(line.text, words).map((piece, index) =>
                index % 2 === 1 ? <mark key={index}>{piece}</mark> : piece,
              )}
            </span>
          </div>
        ))}
        {start + windowSize < lines.length && (
          <button type="button" class="quiet" onClick={() => setStart(start + windowSize)}>
            lines after
          </button>
        )}
      </div>
    </div>
  );
}
