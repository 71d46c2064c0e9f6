// Compiles libs/riscv-core/assembly (AssemblyScript) to libs/riscv-core/src/generated/core-module.ts, which exports the
// module's bytes. Does nothing when no source changed: the digest of the inputs is kept in the generated file.
//
//   node scripts/build-core.mjs
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const library = join(root, 'libs/riscv-core');
const output = join(library, 'src/generated/core-module.ts');
const compilerVersion = JSON.parse(
  readFileSync(join(root, 'node_modules/assemblyscript/package.json'), 'utf8'),
).version;

/** Static data starts above 0 so that no pointer is null; it must end below MACHINE (hart/layout.ts). */
const MEMORY_BASE = 1024;
const MACHINE = 0x10000;
const options = [
  '--importMemory',
  '--noExportMemory',
  '--initialMemory', '1',
  '--runtime', 'stub',
  '--memoryBase', String(MEMORY_BASE),
  '--noAssert',
  '--enable', 'simd',
  '-O3',
  '--lowMemoryLimit', String(MACHINE),
]; // prettier-ignore

const digest = digestOfInputs();
if (existsSync(output) && readFileSync(output, 'utf8').includes(digest)) process.exit(0);

const { default: asc } = await import('assemblyscript/asc');
const produced = new Map();
const { error, stderr } = await asc.main(['assembly/index.ts', '--baseDir', library, '-o', 'core.wasm', ...options], {
  writeFile: (name, contents) => void produced.set(name, contents),
});
const messages = stderr.toString();
if (messages !== '') process.stderr.write(messages);
if (error !== null || messages !== '') {
  process.stderr.write(
    `build-core: found ${error === null ? 'warnings' : error.message}, expected a clean compilation\n`,
  );
  process.exit(1);
}

const bytes = Buffer.from(produced.get('core.wasm'));
mkdirSync(dirname(output), { recursive: true });
const unfinished = `${output}.${process.pid}`;
writeFileSync(
  unfinished,
  `// Made by scripts/build-core.mjs from libs/riscv-core/assembly; do not edit.
// inputs ${digest}
/** The core module (WebAssembly), base64. */
export const coreModuleBase64 =
  '${bytes.toString('base64')}';
`,
);
renameSync(unfinished, output);

/** sha256 over compiler, options and every source the module is compiled from. */
function digestOfInputs() {
  const hash = createHash('sha256').update(JSON.stringify([compilerVersion, options]));
  const shared = [
    'hart/layout.ts',
    'hart/csr-slots.ts',
    'isa/causes.ts',
    'isa/csr-kinds.ts',
    'isa/sysops.ts',
    'timing',
  ].flatMap((path) => sources(join(library, 'src', path)));
  for (const file of [...sources(join(library, 'assembly')), ...shared])
    hash.update(relative(root, file).split(sep).join('/')).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function sources(path) {
  if (path.endsWith('.ts')) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
