import { readdirSync } from 'node:fs';
import { onPostgres } from '../postgres.ts';

onPostgres();
for (const file of readdirSync(new URL('../http/', import.meta.url)).sort())
  if (file.endsWith('.test.ts')) await import(`../http/${file}`);
