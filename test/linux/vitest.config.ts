/** `npm run test:linux`: boots of real Linux. One at a time, for their times are measured. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../../', import.meta.url));

export default defineConfig({
  root,
  resolve: { alias: [{ find: /^#libs\/(.*)$/, replacement: `${root}libs/$1/src/index.ts` }] },
  test: {
    include: ['test/linux/**/*.linux.ts'],
    testTimeout: 1_800_000,
    fileParallelism: false,
    bail: 1,
  },
});
