// Compiles wasm/ into src/, beside the code that loads it: tests and `npm run dev` run from there.
// Git knows the source alone.
import { run } from './run.mjs';

run(
  'node_modules/assemblyscript/bin/asc.js',
  ...['wasm/reader.ts', '--outFile', 'src/import/parse/reader.wasm'],
  ...['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--initialMemory', '80'],
);
