import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import {
  createImport,
  createSegment,
  dataOf,
  errorFile,
  getExecution,
  upload,
  waitForEnd,
} from '../client.ts';
import { startProcess } from '../process.ts';
import { readErrorFile } from '../properties/error-file.ts';
import { type S3Server, startS3 } from '../s3.ts';

const LINES = 6_000;
/**
 * Where the process ends, one after the other: between part and merge, in a merge, behind it, at
 * the end.
 */
const POINTS = [
  'error-file-written:3',
  'chunk-before-commit:3',
  'chunk-after-commit:3',
  'execution-before-end',
];

let s3: S3Server;
before(async () => {
  s3 = await startS3();
});
after(() => s3.close());

test('an import with documents in S3 survives kills: each failed line is in the error file once', async (t) => {
  const bucket = s3.makeBucket();
  const env = { ...s3.env, MUSTER_DOCUMENTS: `s3://${bucket}`, MUSTER_CHUNK_ROWS: '500' };
  const service = await startProcess(t, { ...env, MUSTER_FAULT_POINT: POINTS[0] ?? '' });
  const segmentId = await createSegment(service, { name: 's' });
  const line = (i: number) =>
    `{"operation":"UPDATE","email_hash":"${i}","segment_id":"${i % 7 === 0 ? 999 : segmentId}","expiration_duration":0}\n`;
  const body = Array.from({ length: LINES }, (_, i) => line(i)).join('');
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const execution = await upload(service, { datamartId: '1', documentImportId, format: 'NDJSON', body });
  for (const point of [...POINTS.slice(1), '']) {
    await service.end(30_000);
    assert.equal(service.signal(), 'SIGKILL');
    await service.restart({ MUSTER_FAULT_POINT: point }).catch((error: Error) => {
      // it may come there before it answers
      if (!/ended at its start with SIGKILL/.test(error.message)) throw error;
    });
  }
  const ended = await waitForEnd(service, await getExecution(service, execution));
  assert.equal(ended.status, 'SUCCEEDED');
  const bad = Array.from({ length: LINES }, (_, i) => i).filter((i) => i % 7 === 0);
  assert.deepEqual(
    [ended.result.total_success, ended.result.total_failure],
    [LINES - bad.length, bad.length],
  );
  const errors = readErrorFile('NDJSON', await errorFile(service, ended));
  assert.deepEqual(
    errors.map(({ line }) => line),
    bad.map((i) => i + 1),
  );
  const { violations } = await dataOf<{ violations: number }>(service.call('GET', '/v1/check'));
  assert.equal(violations, 0);
  // parts of chunks that were not merged are gone: 12 chunks and the input are left
  const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket }));
  assert.equal(Contents.length, 13);
});
