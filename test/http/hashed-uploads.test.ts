import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkMapping } from '../../src/import/mapping/check-mapping.ts';
import { createDocumentHasher } from '../../src/import/mapping/hash-document.ts';
import { createImport, createSegment, membershipsOf, runFile, upload, waitForEnd } from '../client.ts';
import { startService } from '../helper.ts';

const MAPPING = {
  columns: { Segment: 'segment_technical_name' },
  hash: { Email: 'sha256' },
  defaults: { operation: 'UPDATE', expiration_duration: 0 },
};
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const NAMES = ['A', 'B', 'C', 'D'];
const MANY = { ...MAPPING, hash: Object.fromEntries(NAMES.map((name) => [name, 'sha256'])) };
/**
 * A quote that does not close holds up the rows behind it, of 1 MiB, which are hashed together
 * then.
 */
const UNCLOSED = `${NAMES.join(';')};Segment\n"\n${'a@b.c;a@b.c;a@b.c;a@b.c;vip\n'.repeat(50_000)}`;

/** The longest CPU time that a piece of a document takes to be hashed, in ms. */
function slowestPiece(document: Buffer): number {
  const checked = checkMapping(MANY);
  assert.ok(checked.ok);
  const hasher = createDocumentHasher({ mapping: checked.mapping, mimeType: 'TEXT_CSV' }, sha256);
  let slowest = 0;
  for (let at = 0; at < document.length; at += 64 * 1024) {
    const from = process.cpuUsage();
    hasher.take(document.subarray(at, at + 64 * 1024));
    const { user, system } = process.cpuUsage(from);
    slowest = Math.max(slowest, (user + system) / 1000);
  }
  return slowest;
}

/**
 * CPU time of the thread that runs the event loop, in ms: unlike waits it does not grow on a busy
 * machine.
 */
function eventLoopCpu(): number {
  const stat = readFileSync(`/proc/self/task/${process.pid}/stat`, 'latin1');
  const [, , , , , , , , , , , user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(user) + Number(system));
}

test('other requests are answered beside an upload whose columns are hashed', async (t) => {
  const document = Buffer.from(UNCLOSED);
  const slowest = slowestPiece(document);
  assert.ok(slowest > 100, `a piece takes ${slowest} ms at most: the file shows nothing`);
  const service = await startService(t);
  const documentImportId = await createImport(service, { format: 'CSV', mapping: MANY });
  // the first upload starts a thread
  await runFile(service, 'CSV', document.subarray(0, 20_000), { documentImportId });
  let isOver = false;
  const of = { datamartId: '1', documentImportId, format: 'CSV', body: document } as const;
  const sent = upload(service, of).finally(() => {
    isOver = true;
  });
  let answers = 0;
  let longest = 0;
  while (!isOver) {
    const from = eventLoopCpu();
    assert.equal((await service.call('GET', '/health/live')).status, 200);
    longest = Math.max(longest, eventLoopCpu() - from);
    answers++;
  }
  await sent;
  t.diagnostic(
    `${answers} answers; before one the event loop did ${longest} ms, a piece takes ${slowest} ms`,
  );
  assert.ok(
    longest < slowest / 2,
    `before an answer the event loop did ${longest} ms, a piece takes ${slowest} ms`,
  );
});

test('documents of every length come to the same, whichever way they are hashed', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'CSV', mapping: MAPPING });
  // shorter than a message, a message, many; at the same time, so that they share threads
  const counts = [1, 100, 3_000, 12_000];
  const executions = await Promise.all(
    counts.map((rows) => {
      const lines = Array.from({ length: rows }, (_, i) => `Ann.${rows}.${i}@A.example;vip\n`);
      const of = { datamartId: '1', documentImportId, format: 'CSV' } as const;
      return upload(service, { ...of, body: `Email;Segment\n${lines.join('')}` });
    }),
  );
  for (const [i, execution] of executions.entries()) {
    const rows = counts[i] ?? 0;
    const { result } = await waitForEnd(service, execution);
    assert.deepEqual([result.total_success, result.total_failure], [rows, 0]);
    for (const row of [0, rows - 1]) {
      const hash = sha256(`ann.${rows}.${row}@a.example`);
      assert.equal((await membershipsOf(service, `email_hash=${hash}`))?.length, 1);
    }
  }
});

test('an upload that breaks off leaves the thread to the others', async (t) => {
  const service = await startService(t, { maxUploadBytes: 300_000 });
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'CSV', mapping: MAPPING });
  const path = `/v1/datamarts/1/document_imports/${documentImportId}/executions`;
  const type = { 'content-type': 'text/csv' };
  const long = `Email;Segment\n${'ann@a.example;vip\n'.repeat(50_000)}`;
  assert.equal((await service.call('POST', path, long, type)).status, 413);
  const wrong = `Email;Segmnt\n${'ann@a.example;vip\n'.repeat(10_000)}`;
  assert.match((await service.call('POST', path, wrong, type)).text, /INVALID_HEADER/);
  const body = `Email;Segment\n${'bob@a.example;vip\n'.repeat(10_000)}`;
  const { result } = await runFile(service, 'CSV', body, { documentImportId });
  assert.equal(result.total_success, 10_000);
});
