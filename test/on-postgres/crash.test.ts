import { onPostgres } from '../postgres.ts';

onPostgres();
await import('../crash/changes.test.ts');
await import('../crash/commands-at-once.test.ts');
await import('../crash/small-files.test.ts');
await import('../crash/sources.test.ts');
await import('../crash/webhooks.test.ts');
