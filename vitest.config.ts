import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // The same names as package.json "imports", but resolved to the sources: tests need no build of the libraries.
    alias: [{ find: /^#libs\/(.*)$/, replacement: fileURLToPath(new URL('./libs/$1/src/index.ts', import.meta.url)) }],
  },
  test: {
    include: ['apps/*/src/**/*.spec.ts', 'libs/*/src/**/*.spec.ts', 'scripts/**/*.spec.ts', 'test/**/*.spec.ts'],
    setupFiles: ['test/seed.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
  },
});
