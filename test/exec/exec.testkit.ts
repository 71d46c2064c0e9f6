/** `dvfarm exec` in this process, with the streams captured, and programs for it in a directory of the test file's own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { exec } from '../../apps/cli/src/commands/exec.js';
import { assemble } from '../../libs/riscv-core/src/decode/assembler.js';
import { makeElf } from '../../libs/riscv-core/src/machine/elf.testkit.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'exec-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

export const path = (name: string): string => join(directory, name);

/** Assembles `source` to an ELF file; its labels are its symbols. */
export function program(name: string, source: string): string {
  const { base, bytes, symbols } = assemble(source);
  const elf = makeElf({ entry: base, segments: [{ base, data: bytes }], symbols: Object.fromEntries(symbols) });
  writeFileSync(path(name), elf);
  return path(name);
}

export interface Ended {
  code: number;
  out: string;
  err: string;
}

export async function run(...args: string[]): Promise<Ended> {
  const streams = { out: '', err: '' };
  const capture = (stream: NodeJS.WriteStream, into: 'out' | 'err') =>
    vi.spyOn(stream, 'write').mockImplementation((chunk: string | Uint8Array) => {
      streams[into] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      return true;
    });
  const spies = [capture(process.stdout, 'out'), capture(process.stderr, 'err')];
  try {
    return { code: await exec(args), ...streams };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

export interface Report {
  exit: { kind: string; code: number };
  instret: number;
  cycles: number;
  harts: { instret: number; cycles: number }[];
  stateHash: string;
  hostSeconds: number;
  mips: number;
  engine: string;
  timing: string;
}

export async function report(...args: string[]): Promise<{ ended: Ended; json: Report }> {
  const ended = await run(...args, '--json');
  expect(ended.out.trimEnd().split('\n')).toHaveLength(1);
  return { ended, json: JSON.parse(ended.out) as Report };
}

/** Ends the program by a word to the test finisher. */
export const finish = (word: string): string => `
  li t0, 0x100000
  li t1, ${word}
  sw t1, 0(t0)
stop: j stop
`;
