/** Makes V8 lay out WebAssembly by the branch hints that riscv-core's modules carry. */
import { setFlagsFromString } from 'node:v8';

/** V8 of Node 20 and 22. Others would complain about the flag, or need none. */
const versions = { least: 11, most: 12 };

/**
 * For the whole process, for modules that are compiled from now on. Rare code then takes no processor registers from the frequent one (a
 * tenth to a third more speed: docs/engine-speed.md). What programs compute does not depend on it.
 */
export function followBranchHints(): void {
  const major = Number.parseInt(process.versions.v8);
  if (major < versions.least || major > versions.most) return;
  setFlagsFromString('--experimental-wasm-branch-hinting');
}
