import { describe, expect, it } from 'vitest';
import { buildInterpreterModule } from './module.js';

describe('the generated interpreter', () => {
  it.each([
    { timed: false, shift: 12 },
    { timed: true, shift: 6 },
  ])('is a valid WebAssembly module (timed: $timed)', ({ timed, shift }) => {
    const bytes = buildInterpreterModule(1024, shift, { timed });
    expect(WebAssembly.validate(bytes)).toBe(true);
    const names = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map((e) => e.name);
    expect(names).toContain('run');
  });
});
