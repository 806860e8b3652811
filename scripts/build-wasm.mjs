// Compiles wasm/ into src/, beside the code that loads it: tests and `npm run dev` run from there.
// Git knows the source alone.
import { run } from './run.mjs';

run(
  'node_modules/assemblyscript/bin/asc.js',
  ...['wasm/user-keys.ts', '--outFile', 'src/import/parse/user-keys.wasm'],
  ...['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--initialMemory', '4'],
);
