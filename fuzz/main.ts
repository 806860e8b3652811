import { readOptions } from './options.ts';
import { runTarget } from './run-target.ts';
import type { OpenTarget } from './target.ts';
import { TARGETS } from './targets.ts';

/**
 * `npm run fuzz`: looks for inputs that break a promise, for so many minutes; ends with 1 when it
 * has found one.
 */
const options = readOptions(process.argv.slice(2), Object.keys(TARGETS));
console.log(`seed ${options.seed}, ${options.minutes} minutes for each target`);
let found = 0;
for (const target of options.targets) {
  const { runs, seconds, findings } = await runTarget(target, TARGETS[target] as OpenTarget, options);
  console.log(`${target}: ${runs} runs in ${seconds.toFixed(1)} s, ${findings.length} findings`);
  for (const finding of findings) console.log(finding);
  found += findings.length;
}
process.exitCode = found === 0 ? 0 : 1;
