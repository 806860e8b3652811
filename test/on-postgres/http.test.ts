import { onPostgres } from '../postgres.ts';

/** What the store has a part in; the others are about connections, files and headers. */
const FILES = [
  'access',
  'access-of-others',
  'audit',
  'dry-run',
  'erased-names',
  'erasure',
  'events',
  'exports',
  'history',
  'idempotency',
  'lineage',
  'members',
  'numbers',
  'origins',
  'overlap-analysis',
  'replace',
  'replace-failed',
  'resources',
  'revert',
  'selector',
  'token-creation',
  'user-search',
  'views',
  'webhook-deliveries',
  'webhook-rules',
  'warnings',
  'webhooks',
];

onPostgres();
for (const file of FILES) await import(`../http/${file}.test.ts`);
