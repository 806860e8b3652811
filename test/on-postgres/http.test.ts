import { onPostgres } from '../postgres.ts';

/** What the store has a part in; the others are about connections, files and headers. */
const FILES = [
  'access',
  'access-of-others',
  'audit',
  'commands-at-once',
  'dry-run',
  'erased-names',
  'erasure',
  'error-file-limits',
  'events',
  'export-limits',
  'exports',
  'history',
  'idempotency',
  'lineage',
  'links',
  'look-up-limits',
  'mapping',
  'members',
  'missing-segments',
  'numbers',
  'origins',
  'overlap-analysis',
  'preview',
  'replace',
  'replace-failed',
  'resources',
  'revert',
  'selector',
  'token-end',
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
