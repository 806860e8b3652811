import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { retryFileOf } from '../../console/src/executions/retry-file.ts';
import { createSegment } from '../client.ts';
import { startProcess } from '../process.ts';
import { muster } from './run.ts';

test('the summary says what is not in the error file, which can be imported as it is', async (t) => {
  const service = await startProcess(t, { MUSTER_MAX_ERROR_FILE_LINES: '3' });
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const folder = service.data;
  const run = (...args: string[]) =>
    muster(args, { env: { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token }, cwd: folder });
  for (const [format, file] of [
    ['ndjson', 'x\n'.repeat(10)],
    ['csv', `operation,user_account_id\n${'x,a\n'.repeat(10)}`],
  ] as const) {
    await writeFile(path.join(folder, `all.${format}`), file);
    const { code, stdout } = await run('import', `all.${format}`);
    assert.equal(code, 2);
    assert.match(stdout, /failed +10\n/);
    assert.match(stdout, new RegExp(`error file +all\\.${format}\\.errors\\.${format}\n`));
    assert.match(stdout, /not in it +the last 7 failed lines: the error file is full\n/);
    const errors = await readFile(path.join(folder, `all.${format}.errors.${format}`), 'utf8');
    assert.equal(retryFileOf(errors).trimEnd().split('\n').length, format === 'csv' ? 4 : 3);
    const shown = await run('errors', format === 'csv' ? '3' : '1');
    assert.match(shown.stdout, /\n +- {2}ERROR_LINES_OMITTED +7 more lines failed and are not in this file/);
    const again = await run('import', `all.${format}.errors.${format}`, '--json');
    assert.match(again.stdout, /"total_failure": ?3[,\s]/);
  }
});
