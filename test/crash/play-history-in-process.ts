import { appendFileSync } from 'node:fs';
import { armFaultPoint, type FaultPoint } from '../../src/fault-points.ts';
import { openTiny, playHistory } from './serving-history.ts';

/**
 * Plays a history over the store in a folder, or only opens it, for a test: ends at a fault point,
 * and notes in a file how many steps were done; what the store has logged as errors it sends.
 */
const [dir = '', log = '', point, pass, what] = process.argv.slice(2);
armFaultPoint({ point: point as FaultPoint, pass: Number(pass) });
const { store, errors } = await openTiny(dir);
if (what === 'PLAY') await playHistory(store, async (steps) => appendFileSync(log, `${steps}\n`));
// waits for what goes on in the background
await store.checkContent(0);
await store.close();
process.send?.(errors);
process.disconnect?.();
