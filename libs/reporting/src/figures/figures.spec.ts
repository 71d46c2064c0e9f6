import type { Figure } from '#libs/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawFigure, figureWidths } from './draw.js';
import { meanOf } from './figures.js';
import { ticks } from './scale.js';

const value = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: null });
const anyFigure: fc.Arbitrary<Figure> = fc
  .record({ series: fc.integer({ min: 1, max: 7 }), kind: fc.constantFrom('grouped' as const, 'stacked' as const) })
  .chain(({ series, kind }) =>
    fc.record({
      kind: fc.constant(kind),
      id: fc.constant('f'),
      title: fc.string(),
      unit: fc.constantFrom('cycles/op', '×'),
      series: fc.array(fc.string(), { minLength: series, maxLength: series }),
      rows: fc.array(
        fc.record({
          label: fc.string({ maxLength: 80 }),
          values: fc.array(
            value.map((mean) => ({
              value: mean,
              low: kind === 'grouped' && mean !== null ? mean * 0.9 : null,
              high: kind === 'grouped' && mean !== null ? mean * 1.2 : null,
            })),
            { minLength: series, maxLength: series },
          ),
        }),
        { minLength: 1, maxLength: 6 },
      ),
      reference: fc.constant(null),
      notes: fc.constant([]),
    }),
  );

const numbers = (svg: string, pattern: RegExp): number[] => [...svg.matchAll(pattern)].map((match) => Number(match[1]));

describe('a drawn figure', () => {
  it('stays inside its width, in every width, whatever is drawn', () => {
    fc.assert(
      fc.property(anyFigure, fc.constantFrom(...Object.values(figureWidths)), (figure, width) => {
        const svg = drawFigure(figure, width);
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
        for (const match of svg.matchAll(/<rect class="s\d" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)) {
          // Legends wrap; one entry may be wider than any drawing, but begins inside it.
          expect(Number(match[1])).toBeLessThanOrEqual(width);
          expect(Number(match[1]) + (match[0].includes('width="11"') ? 0 : Number(match[2]))).toBeLessThanOrEqual(
            width + 1,
          );
        }
        const [height = 0] = numbers(svg, /viewBox="0 0 \d+ ([\d.]+)"/g);
        for (const y of numbers(svg, / y="([\d.]+)"/g)) expect(y).toBeLessThanOrEqual(height);
      }),
    );
  });

  const figure: Figure = {
    kind: 'grouped',
    id: 'f',
    title: 'A & B',
    unit: 'cycles/op',
    series: ['<b>one</b>', 'two'],
    rows: [
      {
        label: '"x"',
        values: [
          { value: 100, low: 90, high: 110 },
          { value: 50, low: null, high: null },
        ],
      },
      {
        label: 'y',
        values: [
          { value: null, low: null, high: null },
          { value: 25, low: null, high: null },
        ],
      },
    ],
    reference: null,
    notes: [],
  };

  it('has bars in proportion, whiskers where there is an interval, and says what was not measured', () => {
    const svg = drawFigure(figure, 760);
    const [a = 0, b = 0, c = 0] = numbers(svg, /<rect class="s\d" x="[\d.]+" y="[\d.]+" width="([\d.]+)" height="18"/g);
    expect([b / a, c / a]).toEqual([expect.closeTo(0.5, 2), expect.closeTo(0.25, 2)]);
    expect(svg.match(/class="whisker"/g)).toHaveLength(1);
    expect(svg.match(/>not measured</g)).toHaveLength(1);
  });

  it('tells every value in words, and takes names for text', () => {
    const svg = drawFigure(figure, 760);
    expect(svg).toContain('<title id="f-760-title">A &amp; B</title>');
    expect(svg).toContain(
      '&quot;x&quot;: &lt;b&gt;one&lt;/b&gt; 100 cycles/op (95 % 90 to 110), two 50 cycles/op. y: &lt;b&gt;one&lt;/b&gt; not measured, two 25 cycles/op.',
    );
    expect(svg).not.toContain('<b>');
  });

  it('stacks segments end to end', () => {
    const stack: Figure = { ...figure, kind: 'stacked', rows: [figure.rows[0]!] };
    const bars = [
      ...drawFigure(stack, 760).matchAll(/<rect class="s\d" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="18"/g),
    ];
    const [first, second] = bars.map((bar) => [Number(bar[1]), Number(bar[2])] as const);
    expect(second?.[0]).toBeCloseTo((first?.[0] ?? 0) + (first?.[1] ?? 0), 1);
  });
});

describe('an axis', () => {
  it('has round marks from 0 to above the largest value, few of them', () => {
    expect(ticks(4765, 5)).toEqual([0, 1000, 2000, 3000, 4000, 5000]);
    expect(ticks(0.3, 3)).toEqual([0, 0.1, 0.2, 0.3]);
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e15, noNaN: true }), fc.integer({ min: 2, max: 6 }), (most, wanted) => {
        const marks = ticks(most, wanted);
        expect(marks[0]).toBe(0);
        expect(marks.at(-1)).toBeGreaterThanOrEqual(most * (1 - 1e-9));
        expect(marks.at(-2)).toBeLessThan(most);
        expect(marks.length).toBeLessThanOrEqual(wanted + 1);
      }),
    );
  });

  it('has an end for values no number can be divided from', () => {
    for (const most of [5e-324, 1e-310, 1e-290, 1e300]) expect(ticks(most, 5).length).toBeLessThanOrEqual(6);
  });
});

describe('a mean', () => {
  it('has the interval of Student’s t, and none where there is nothing to estimate', () => {
    // n = 4, sd = 2, t(0.975, 3) = 3.18245: ±3.18245.
    const summary = { n: 4, distinct: 4, mean: 10, sd: 2, min: 8, max: 12 };
    expect(meanOf(summary)).toEqual({ value: 10, low: expect.closeTo(6.81755, 4), high: expect.closeTo(13.18245, 4) });
    expect(meanOf({ ...summary, sd: 0 })).toEqual({ value: 10, low: null, high: null });
    expect(meanOf({ ...summary, n: 1, sd: null })).toEqual({ value: 10, low: null, high: null });
    expect(meanOf(null)).toEqual({ value: null, low: null, high: null });
  });
});
