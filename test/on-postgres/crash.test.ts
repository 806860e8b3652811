import test from 'node:test';
import { pullThroughKills } from '../crash/pull-through-kills.ts';
import { onPostgres } from '../postgres.ts';

onPostgres();
await import('../crash/changes.test.ts');
await import('../crash/commands-at-once.test.ts');
await import('../crash/missing-segments.test.ts');
await import('../crash/parquet.test.ts');
await import('../crash/small-files.test.ts');
await import('../crash/webhooks.test.ts');

// A killed run is another's when its lease is over, which takes seconds: a few points are enough.
test('a file of a source is taken once and then moved, also where a node is killed', (t) =>
  pullThroughKills(t, 'move', ['source-file-received', 'execution-created', 'source-file-put-away']));
