/** `npm run fuzz:engine`. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../../', import.meta.url));

export default defineConfig({
  root,
  resolve: { alias: [{ find: /^#libs\/(.*)$/, replacement: `${root}libs/$1/src/index.ts` }] },
  // run.mjs watches for programs that never end.
  test: { include: ['test/fuzz/**/*.fuzz.ts'], testTimeout: 0, fileParallelism: false },
});
