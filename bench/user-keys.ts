/**
 * CPU of making the keys of identifiers: `node --import tsx bench/user-keys.ts`. In ns a key, by
 * the module that imports use and by `crypto.hash`, for texts of one block of SHA-256 and of two.
 */
import { hash } from 'node:crypto';
import { VECTOR_ROWS } from '../src/import/parse/pair-columns.ts';
import { makeUserKeys } from '../src/import/parse/user-keys.ts';

const ROUNDS = 500;

function measure(round: () => void): string {
  for (let i = 0; i < ROUNDS / 5; i++) round();
  const before = process.cpuUsage();
  for (let i = 0; i < ROUNDS; i++) round();
  const { user, system } = process.cpuUsage(before);
  return (((user + system) * 1000) / ROUNDS / VECTOR_ROWS).toFixed(0);
}

for (const bytes of [20, 70]) {
  const text = 'u'.repeat(bytes);
  const starts = Uint32Array.from({ length: VECTOR_ROWS }, (_, row) => row * bytes);
  const batch = {
    rows: VECTOR_ROWS,
    texts: Buffer.from(text.repeat(VECTOR_ROWS)),
    starts,
    ends: starts.map((start) => start + bytes),
    keyHi: new Uint8Array(8 * VECTOR_ROWS),
    keyLo: new Uint8Array(8 * VECTOR_ROWS),
  };
  const module = measure(() => makeUserKeys(batch));
  const single = measure(() => {
    for (let row = 0; row < VECTOR_ROWS; row++) hash('sha256', text, 'buffer');
  });
  console.log(`${bytes} bytes: ${module} ns a key, crypto.hash ${single}`);
}
