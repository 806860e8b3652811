import { readdirSync } from 'node:fs';
import { onPostgres } from '../postgres.ts';

onPostgres();
// looks at the folder of snapshots of the embedded store
for (const file of readdirSync(new URL('../http/', import.meta.url)).sort())
  if (file.endsWith('.test.ts') && file !== 'backup.test.ts') await import(`../http/${file}`);
