import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf, matches, pieces } from './console-text.js';

describe('the console', () => {
  it('is lines without line ends, colour codes and control characters', () => {
    expect(linesOf('a\r\n\u001b[31mred\u001b[0m\n\u0000x\u001b[2J\u202e\n').map(({ text }) => text)).toEqual([
      'a',
      'red',
      '␀x␛[2J␦',
    ]);
  });

  it('never holds a control character that the page would obey', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0x2fff }).map((code) => String.fromCodePoint(code)) }),
        (text) => {
          const shown = linesOf(text).map((line) => line.text);
          // eslint-disable-next-line no-control-regex
          expect(shown.join('')).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
        },
      ),
    );
  });

  it('is searched in either case', () => {
    const lines = linesOf('Boot\nready\nREADY again');
    expect(matches(lines, 'ready')).toEqual([1, 2]);
    expect(matches(lines, '')).toEqual([]);
    expect(pieces('xReadyready', 'READY')).toEqual(['x', 'Ready', '', 'ready', '']);
  });

  it('marks matches without changing a line', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ maxLength: 3 }), (text, words) => {
        expect(pieces(text, words).join('')).toBe(text);
      }),
    );
  });
});
