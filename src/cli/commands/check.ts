import { access } from 'node:fs/promises';
import path from 'node:path';
import type { CheckResult } from '../../model/check.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, openClient } from '../connection.ts';
import { CliError } from '../failures.ts';
import { formatCount, print, printJson } from '../output.ts';

export const check = command({
  name: 'check',
  description: 'checks that the counts, identifiers and files of a service or a data folder agree',
  args: {
    data: {
      type: 'string',
      valueHint: 'DIR',
      description:
        'data folder to check, with no service running on it; without it, the running service is checked',
    },
    documents: {
      type: 'string',
      valueHint: 'DIR|s3://BUCKET/PREFIX',
      description: 'with --data: where its uploaded files are, if not in the folder (MUSTER_DOCUMENTS)',
    },
    ...CONNECTION_ARGS,
  },
  examples: ['muster check', 'muster check --data /var/lib/muster'],
  notes: [
    'Changes nothing. docs/operations/backup.md describes each check.',
    'Exit codes: 0 everything agrees, 2 something does not, 1 the check could not run.',
  ],
  run: async (args) => {
    const checks =
      args.data === undefined
        ? (await openClient(args).get<{ checks: readonly CheckResult[] }>('/check')).checks
        : await checkFolder(path.resolve(args.data), args.documents);
    const violations = checks.reduce((sum, each) => sum + each.violations, 0);
    if (args.json) printJson({ violations, checks });
    else print(checks.map(describe).join('\n'));
    return violations === 0 ? 0 : 2;
  },
});

/** With the memory and threads that a service would have by its settings: DuckDB is told. */
async function checkFolder(data: string, documents?: string): Promise<readonly CheckResult[]> {
  const dir = path.join(data, 'store');
  await access(path.join(dir, 'muster.duckdb')).catch((cause: Error) => {
    throw new CliError(`${data} cannot be read as a data folder: ${cause.message}`, { cause });
  });
  const [{ hasS3Endpoint, readConfig }, { readDocuments }, { openStoreToCheck }, { checkAll }] =
    await Promise.all([
      import('../../config.ts'),
      import('../../documents/open-documents.ts'),
      import('../../store/open-store.ts'),
      import('../../check/check-all.ts'),
    ]);
  const config = readConfig({ documents });
  const { databaseMemory: memoryBytes, databaseThreads: threads } = config;
  const store = await openStoreToCheck({ dir, memoryBytes, threads });
  try {
    const place = { documents: config.documents, data, s3PathStyle: hasS3Endpoint() };
    return await checkAll({ store, documents: await readDocuments(place), clock: Date.now });
  } finally {
    await store.close();
  }
}

function describe({ name, violations, examples }: CheckResult): string {
  const head = `${name.padEnd(24)}${violations === 0 ? 'OK' : `${formatCount(violations)} violations`}`;
  return [head, ...examples.map((example) => `  ${example}`)].join('\n');
}
