import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createImport,
  dataOf,
  type ExecutionAnswer,
  errorFile,
  getExecution,
  upload,
  waitForEnd,
} from '../client.ts';
import { type ServiceProcess, startProcess } from '../process.ts';

const LINES = 6_000;
const MAX_END_MS = 60_000;

test('a file that makes segments goes on after kills, and makes each of them once', async (t) => {
  const service = await startProcess(t, { MUSTER_CHUNK_ROWS: '1000' });
  const expected = outcomeOf('undisturbed', await run(service, 'undisturbed'));
  assert.equal(expected.segments.length, 100);
  assert.equal(expected.failures, (LINES / 120) * 20);
  for (const point of ['segments-created:1', 'segments-created:3', 'chunk-before-commit:2']) {
    await service.terminate();
    await service.restart({ MUSTER_CHUNK_ROWS: '1000', MUSTER_FAULT_POINT: point });
    const name = point.replace(':', '-');
    const documentImportId = await createImport(service, { format: 'NDJSON' });
    const sent = await upload(service, {
      ...{ datamartId: '1', documentImportId, format: 'NDJSON', body: fileOf(name) },
      query: 'create_missing_segments=true',
    });
    await service.end(MAX_END_MS);
    await service.restart({ MUSTER_CHUNK_ROWS: '1000', MUSTER_FAULT_POINT: '' });
    const ended = await finished(service, await waitForEnd(service, sent));
    assert.deepEqual(outcomeOf(name, ended), expected);
  }
});

type Ended = {
  readonly execution: ExecutionAnswer;
  readonly errors: string;
  readonly sizes: readonly number[];
};
type Created = { readonly segment_id: string; readonly technical_name: string };

async function run(service: ServiceProcess, name: string): Promise<Ended> {
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const sent = await upload(service, {
    ...{ datamartId: '1', documentImportId, format: 'NDJSON', body: fileOf(name) },
    query: 'create_missing_segments=true',
  });
  return finished(service, await waitForEnd(service, sent));
}

async function finished(service: ServiceProcess, ended: ExecutionAnswer): Promise<Ended> {
  const execution = await getExecution(service, ended);
  const sizes: number[] = [];
  for (const { technical_name } of createdBy(execution)) {
    const [segment, ...more] = await dataOf<readonly { user_points_count: number }[]>(
      service.call('GET', `/v1/audience_segments?datamart_id=1&technical_name=${technical_name}`),
    );
    assert.deepEqual(more, []);
    sizes.push(segment?.user_points_count ?? -1);
  }
  return { execution, errors: await errorFile(service, execution), sizes };
}

function createdBy({ result }: ExecutionAnswer): readonly Created[] {
  return (result as unknown as { segments_created: readonly Created[] }).segments_created;
}

/** What is the same of files that differ by their name alone. */
function outcomeOf(name: string, { execution, errors, sizes }: Ended) {
  const { total_failure: failures, memberships_created: created, superseded, unchanged } = execution.result;
  return {
    ...{ status: execution.status, failures, created, superseded, unchanged, sizes },
    errors: errors.replaceAll(name, 'name'),
    segments: createdBy(execution).map(({ technical_name }) => technical_name.replace(name, 'name')),
  };
}

/** Lines for 120 segments, of which a file makes 100; new names come in each chunk. */
function fileOf(name: string): string {
  const lines = Array.from({ length: LINES }, (_, i) => ({
    operation: 'UPDATE',
    user_account_id: `u${i}`,
    segment_technical_name: `${name}-${Math.floor(i / (LINES / 120))}`,
    expiration_duration: 0,
  }));
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
