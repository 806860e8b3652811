import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const { version: VERSION } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string };
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The console as the service serves it: `index.html` and `assets/` in `dist/console`. */
export default defineConfig({
  root: here('.'),
  plugins: [react()],
  define: { MUSTER_VERSION: JSON.stringify(VERSION) },
  resolve: {
    // the preview reads files with the parsers of the service, which know Node's bytes
    alias: { 'node:buffer': here('./src/preview/node-buffer.ts') },
  },
  build: {
    outDir: here('../dist/console'),
    emptyOutDir: true,
    target: 'es2022',
    // a `data:` URL would be one more source to allow
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // what is loaded first is held to its size by a test
    chunkSizeWarningLimit: 1_000,
  },
  server: { proxy: { '/v1': 'http://127.0.0.1:8080', '/metrics': 'http://127.0.0.1:8080' } },
});
