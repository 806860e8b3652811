/**
 * CPU of making the keys of identifiers: `node --import tsx bench/user-keys.ts`. In ns a key, by
 * the module that imports use and by `crypto.hash`, for texts of one block of SHA-256 and of two.
 */
import { hash } from 'node:crypto';
import { VECTOR_ROWS } from '../src/import/parse/pair-columns.ts';
import { createPlainHost } from '../src/import/parse/plain-lines.ts';

const ROUNDS = 500;

function measure(round: () => void): string {
  for (let i = 0; i < ROUNDS / 5; i++) round();
  const before = process.cpuUsage();
  for (let i = 0; i < ROUNDS; i++) round();
  const { user, system } = process.cpuUsage(before);
  return (((user + system) * 1000) / ROUNDS / VECTOR_ROWS).toFixed(0);
}

const { module } = createPlainHost();
const { beginRow, endTexts, addPair, finishBatch, clearBatch } = module;
for (const bytes of [20, 70]) {
  clearBatch();
  for (let row = 0; row < VECTOR_ROWS; row++) {
    module.bytes().fill(0x75, beginRow(1, 1), beginRow(1, 1) + bytes);
    endTexts(bytes, 0);
    addPair(row, 1, 0, 0);
  }
  const made = measure(() => finishBatch());
  const text = 'u'.repeat(bytes);
  const single = measure(() => {
    for (let row = 0; row < VECTOR_ROWS; row++) hash('sha256', text, 'buffer');
  });
  console.log(`${bytes} bytes: ${made} ns a key, crypto.hash ${single}`);
}
