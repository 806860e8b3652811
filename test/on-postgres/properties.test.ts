import { onPostgres } from '../postgres.ts';
import { shareOfRuns } from '../tiers.ts';

// half of the runs: each needs a database of its own
process.env.MUSTER_TEST_RUNS ||= String(shareOfRuns() / 2);
onPostgres();
await import('../properties/import.test.ts');
await import('../properties/corrections.test.ts');
await import('../properties/commands-at-once.test.ts');
