import { openTestStore } from '../store/unordered-store.ts';

/**
 * Compacts the store in the folder it is given, for a test that kills it: says 'opened', and 'done'
 * at the end.
 */
const store = await openTestStore(String(process.argv[2]));
process.send?.('opened');
await store.compact('IDLE', new AbortController().signal);
process.send?.('done');
