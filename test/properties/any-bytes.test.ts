import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  CONTENT_TYPE,
  createImport,
  type ExecutionAnswer,
  errorFile,
  executionsPath,
  type Format,
  runs,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { readErrorFile } from './error-file.ts';
import { spoiltFile } from './mutations.ts';
import { createWorld } from './world.ts';

/** What an upload may be refused with for what it holds. */
const REFUSALS = ['EMPTY_FILE', 'UNSUPPORTED_FILE', 'CONTENT_TYPE_MISMATCH', 'NOT_NDJSON', 'INVALID_HEADER'];

for (const format of ['NDJSON', 'CSV'] as const) {
  test(`${format}: any bytes are refused or imported, and every line is accounted for`, async (t) => {
    const service = await startService(t, { chunkRows: 7, chunkBytes: 4096 });
    const { datamartId, names } = await createWorld(service);
    const documentImportId = await createImport(service, { format, datamartId });
    await fc.assert(
      fc.asyncProperty(spoiltFile(format, names), async (bytes) => {
        await send(service, { format, path: executionsPath({ datamartId, documentImportId }), bytes });
      }),
      { numRuns: runs(25) },
    );
  });
}

async function send(
  service: TestService,
  of: { format: Format; path: string; bytes: Buffer },
): Promise<void> {
  const answer = await service.call('POST', of.path, of.bytes, { 'content-type': CONTENT_TYPE[of.format] });
  if (answer.status === 400) {
    const { error_code } = answer.json as { error_code: string };
    assert.ok(REFUSALS.includes(error_code), answer.text);
    return;
  }
  assert.equal(answer.status, 200, answer.text);
  const { data } = answer.json as { data: ExecutionAnswer };
  const execution = await waitForEnd(service, data);
  assert.equal(execution.status, 'SUCCEEDED', JSON.stringify(execution));
  const { total_success, total_failure } = execution.result;
  assert.equal(total_success + total_failure, execution.num_tasks);

  const lines = readErrorFile(of.format, await errorFile(service, execution)).map((error) => error.line);
  assert.equal(lines.length, total_failure, 'records in the error file');
  const sorted = [...new Set(lines)].sort((a, b) => a - b);
  assert.deepEqual(lines, sorted, 'lines of the error file ascend');
}
