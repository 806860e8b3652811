import type { Bench } from './bench.ts';
import { measureChangeSets } from './rows/change-sets.ts';
import { measureCommandsAtOnce } from './rows/commands-at-once.ts';
import { measureImports, measureLargeFile } from './rows/imports.ts';
import { measureLargeStore } from './rows/large-store.ts';
import { measureLimits } from './rows/limits.ts';
import { measureLookups } from './rows/lookups.ts';
import { measurePostgres, measurePostgresLarge } from './rows/postgres.ts';
import { measurePostgresStore } from './rows/postgres-store.ts';
import { measureRedis } from './rows/redis.ts';
import { measureSmallFiles } from './rows/small-files.ts';

/**
 * What can be measured by itself, in the order of the table; what matters most comes first, should
 * time run out.
 */
export const PARTS: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  imports: measureImports,
  postgres: measurePostgres,
  lookups: measureLookups,
  'postgres-store': measurePostgresStore,
  'large-store': measureLargeStore,
  'large-file': measureLargeFile,
  'change-sets': measureChangeSets,
  'small-files': measureSmallFiles,
  'commands-at-once': measureCommandsAtOnce,
  redis: measureRedis,
  limits: measureLimits,
  'postgres-large': measurePostgresLarge,
};
