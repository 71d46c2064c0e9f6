import { describe, expect, it } from 'vitest';
import { ModuleBuilder, brIf, get, i32, op, unlikely, type ValueType } from './module-builder.js';

const SECTION = 'metadata.code.branch_hint';

/** One function (i32) -> i32 with the body. */
function build(body: readonly number[], locals: readonly ValueType[] = []): WebAssembly.Module {
  const module = new ModuleBuilder(1);
  module.importFunction('env', 'other', { params: [], results: [] });
  module.addFunction('f', { params: ['i32'], results: ['i32'] }, locals, body);
  return new WebAssembly.Module(module.build());
}

describe('branch hints', () => {
  it('name the instruction by its distance from the function’s local declarations', () => {
    const module = build(
      [...get(0), ...op.ifLikely, ...i32(1), ...op.return, ...op.end, ...op.block, ...get(0), ...unlikely, ...brIf(0), ...op.end, ...i32(2)],
      ['i64'],
    ); // prettier-ignore
    const [section] = WebAssembly.Module.customSections(module, SECTION);
    // Functions: 1. Function 1 has two hints. Local declarations take three bytes (1, 1, i64), local.get two each, `if` with its body six, `block` two.
    expect([...new Uint8Array(section!)]).toEqual([1, 1, 2, 3 + 2, 1, 1, 3 + 12, 1, 0]);
  });

  it('change nothing that the function computes', () => {
    const module = build([...get(0), ...op.ifUnlikely, ...i32(1), ...op.return, ...op.end, ...i32(2)]);
    const imports = { env: { memory: new WebAssembly.Memory({ initial: 1 }), other: () => undefined } };
    const f = new WebAssembly.Instance(module, imports).exports['f'] as (x: number) => number;
    expect([f(1), f(0)]).toEqual([1, 2]);
  });

  it('are absent from a module without any', () => {
    expect(WebAssembly.Module.customSections(build(i32(2)), SECTION)).toEqual([]);
  });
});
