import { onPostgres } from '../postgres.ts';

onPostgres();
await import('../properties/import.test.ts');
await import('../properties/corrections.test.ts');
