import { writeFile } from 'node:fs/promises';
import { openBench } from './bench.ts';
import { renderDocument } from './document.ts';
import { describeMachine } from './machine.ts';
import { readOptions } from './options.ts';
import { PARTS } from './parts.ts';
import { addRatios } from './rows/ratios.ts';
import { renderTable } from './table.ts';

/** `npm run bench`: measures every row, prints one table, writes it into a document. */
const startedAt = performance.now();
const options = readOptions(process.argv.slice(2), Object.keys(PARTS));
const bench = await openBench(options);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void bench.close().finally(() => process.exit(130)));
}
try {
  for (const [part, measure] of Object.entries(PARTS)) {
    if (options.only !== null && !options.only.includes(part)) continue;
    // What goes wrong outside a row is one: the other parts go on.
    await measure(bench).catch((error: unknown) =>
      bench.add({ id: part, what: part, outcome: { failed: String(error) } }),
    );
  }
  addRatios(bench);
} finally {
  await bench.close();
}

console.log(`${describeMachine().join('\n')}\n\n${renderTable(bench.rows)}`);
if (options.out !== null) {
  const seconds = (performance.now() - startedAt) / 1000;
  await writeFile(options.out, renderDocument({ rows: bench.rows, options, seconds }));
  console.log(`\nwritten to ${options.out}`);
}
