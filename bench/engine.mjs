// Speed of the engines: million target instructions per second of processor time, beside QEMU's in the same run.
//
//   npm run build && node bench/engine.mjs [--json] [--quick]
//
// Host noise is 10 to 25 %: quote the ratio, not the figure. QEMU (no cycle model) is left out where it is not installed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildMachine, engineFactory, resolveConfig } from '../dist/libs/riscv-core/src/index.js';
import { assemble } from '../dist/libs/riscv-core/src/decode/assembler.js';

const quick = process.argv.includes('--quick');

const finish = `
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
stop: j stop
`;

/** Straight-line code that is executed once: `bytes` of it, in blocks of six instructions, then the end. */
function coldImage(bytes) {
  const block = assemble(`
  addi a0, a0, 123
  xor a1, a1, a0
  slli a2, a0, 7
  add a1, a1, a2
  bnez zero, next
next: addi a3, a3, 1
`).bytes;
  const end = assemble(finish).bytes;
  const image = new Uint8Array(Math.floor(bytes / block.length) * block.length + end.length);
  for (let at = 0; at < image.length - end.length; at += block.length) image.set(block, at);
  image.set(end, image.length - end.length);
  return image;
}

/** Programs by name, as source or as image; n scales the work of the loops. */
const programs = {
  // Arithmetic, a multiplication, a data-dependent branch.
  integer: (n) => `
  li s0, ${n * 8}
  li a0, 12345
loop: li a1, 1103515245
  mul a0, a0, a1
  addi a0, a0, 1013
  srli a2, a0, 16
  andi a3, a2, 1
  beqz a3, even
  xor a4, a4, a2
even: add a5, a5, a4
  addi s0, s0, -1
  bnez s0, loop
${finish}`,
  // Random read-modify-write over 8 MiB.
  memory: (n) => `
  li s0, ${n * 8}
  li s1, 0x80800000
  li s2, 0x7ffff8
  li a0, 12345
  li a1, 1103515245
loop: mul a0, a0, a1
  addi a0, a0, 1013
  srli a2, a0, 13
  and a2, a2, s2
  add a2, a2, s1
  ld a3, 0(a2)
  add a3, a3, a0
  sd a3, 0(a2)
  addi s0, s0, -1
  bnez s0, loop
${finish}`,
  // 64 KiB copied again and again, 32 bytes an iteration.
  copy: (n) => `
  li s0, ${Math.ceil(n / 256)}
outer: li a0, 0x80800000
  li a1, 0x80900000
  li a2, 2048
inner: ld t0, 0(a0)
  ld t1, 8(a0)
  ld t2, 16(a0)
  ld t3, 24(a0)
  sd t0, 0(a1)
  sd t1, 8(a1)
  sd t2, 16(a1)
  sd t3, 24(a1)
  addi a0, a0, 32
  addi a1, a1, 32
  addi a2, a2, -1
  bnez a2, inner
  addi s0, s0, -1
  bnez s0, outer
${finish}`,
  // 400 KiB of code, each instruction met for the first time.
  cold: () => coldImage(400 * 1024),
};

const imageOf = (program) => (typeof program === 'string' ? assemble(program).bytes : program);

const size = { interpreter: quick ? 100_000 : 1_000_000, reference: quick ? 300 : 3_000 };

function measure(bytes, engine, timing) {
  const image = { name: 'bench', bytes, address: 0x8000_0000n };
  const config = resolveConfig({ memoryBytes: 64 * 2 ** 20, timing });
  const { machine } = buildMachine(config, { raw: [image] }, engineFactory(engine), { write: () => undefined });
  const begin = process.cpuUsage();
  let state;
  do state = machine.run(5_000_000, undefined);
  while (state.kind === 'running');
  const { user, system } = process.cpuUsage(begin);
  if (state.kind !== 'finisher') throw new Error(`${engine}: the program ended by ${state.kind}`);
  return { instructions: machine.totalInstret(), seconds: (user + system) / 1e6 };
}

const directory = mkdtempSync(join(tmpdir(), 'bench-'));

/** Processor seconds of QEMU for a raw image, or null without QEMU. */
function qemuSeconds(bytes) {
  const file = join(directory, 'image.bin');
  writeFileSync(file, bytes);
  // Only a shell tells a child's processor time; the file's name has no character that it would read.
  const script = `TIMEFORMAT='%U %S'; time qemu-system-riscv64 -M virt -m 64M -nographic -bios ${file}`;
  const done = spawnSync('bash', ['-c', script], { timeout: 120_000, encoding: 'utf8' });
  const match = /([\d.]+) ([\d.]+)\s*$/.exec(done.stderr ?? '');
  return done.status === 0 && match !== null ? Number(match[1]) + Number(match[2]) : null;
}

const rows = [];
const start = qemuSeconds(assemble(finish).bytes);
for (const [name, source] of Object.entries(programs)) {
  const image = imageOf(source(size.interpreter));
  const row = { program: name, mips: {} };
  for (const timing of ['none', 'rocket']) {
    const { instructions, seconds } = measure(image, 'interpreter', timing);
    row.instructions = instructions;
    row.mips[`interpreter ${timing}`] = instructions / seconds / 1e6;
  }
  const small = measure(imageOf(source(size.reference)), 'reference', 'none');
  row.mips['reference none'] = small.instructions / small.seconds / 1e6;
  const seconds = start === null ? null : qemuSeconds(image) - start;
  row.mips.qemu = seconds === null || seconds < 0.02 ? null : row.instructions / seconds / 1e6;
  rows.push(row);
}
rmSync(directory, { recursive: true });

const facts = {
  date: new Date().toISOString(),
  node: process.version,
  processor: cpus()[0]?.model ?? 'unknown',
  processors: cpus().length,
};
if (process.argv.includes('--json')) console.log(JSON.stringify({ facts, rows }));
else {
  console.log(`${facts.date.slice(0, 10)}  Node ${facts.node}  ${facts.processors} x ${facts.processor}`);
  const columns = ['interpreter none', 'interpreter rocket', 'reference none', 'qemu'];
  console.log(['MIPS'.padEnd(10), ...columns.map((column) => column.padStart(20))].join(''));
  for (const { program, mips } of rows)
    console.log(
      [program.padEnd(10), ...columns.map((column) => (mips[column]?.toFixed(2) ?? '-').padStart(20))].join(''),
    );
}
