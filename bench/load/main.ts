import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describeMachine } from '../machine.ts';
import { measureLoad } from './measure-load.ts';
import { readOptions } from './options.ts';

/**
 * `npm run load`: many slow uploads at a time beside look-ups, for some minutes; ends with 1 when
 * something was not as it must be.
 */
const options = readOptions(process.argv.slice(2));
const scratch = await mkdtemp(path.join(os.tmpdir(), 'muster-load-'));
try {
  const { rows, wrong } = await measureLoad(scratch, options);
  const width = Math.max(...rows.map(([name]) => name.length));
  console.log(describeMachine().slice(0, 2).join('\n'));
  console.log(`\n| ${''.padEnd(width)} | |\n| ${'-'.repeat(width)} | --- |`);
  for (const [name, value] of rows) console.log(`| ${name.padEnd(width)} | ${value} |`);
  for (const text of wrong) console.log(`\nwrong: ${text}`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}
