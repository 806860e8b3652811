import { access } from 'node:fs/promises';
import path from 'node:path';
import type { CheckResult } from '../../model/check.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, openClient } from '../connection.ts';
import { CliError } from '../failures.ts';
import { formatCount, print, printJson } from '../output.ts';

export const check = command({
  name: 'check',
  description: 'verifies that counts, identifiers and files agree, of a service or of a data folder',
  args: {
    data: {
      type: 'string',
      valueHint: 'DIR',
      description: 'a data folder that no service has; without it the running service is asked',
    },
    documents: {
      type: 'string',
      valueHint: 'DIR|s3://BUCKET/PREFIX',
      description: 'with --data, where its files are kept, if not in it (MUSTER_DOCUMENTS)',
    },
    ...CONNECTION_ARGS,
  },
  examples: ['muster check', 'muster check --data /var/lib/muster'],
  notes: [
    'Nothing is changed. What each check looks at stands in docs/operations/backup.md.',
    'Exit codes: 0 everything agrees, 2 something does not, 1 it could not be checked.',
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
    throw new CliError(`${data} is no data folder that can be read: ${cause.message}`, { cause });
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
