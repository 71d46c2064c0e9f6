import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  logLevel: 'warn',
  resolve: { alias: { '#libs/contracts': fromRoot('libs/contracts/src/index.ts') } },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: fromRoot('dist/web'),
    emptyOutDir: true,
    // A page that loads nothing inline keeps to the controller's content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    rolldownOptions: { output: { comments: { legal: false } } },
  },
  // `npx vite apps/web`: the page from sources, the API of a controller that `dvfarm up --port 3000` started.
  server: { proxy: { '/api': 'http://127.0.0.1:3000' } },
});
