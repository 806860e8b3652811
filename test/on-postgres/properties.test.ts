import { onPostgres } from '../postgres.ts';

// half of the runs: each needs a database of its own
process.env.MUSTER_TEST_RUNS ||= '0.5';
onPostgres();
await import('../properties/import.test.ts');
await import('../properties/corrections.test.ts');
