import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import { test } from 'node:test';
import { extract } from 'tar-stream';
import { createImport, createSegment, dataOf, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { refused } from './refusals.ts';

const MIB = 1024 * 1024;

test('a file whose import is removed while a backup is read is in the backup, and gone afterwards', async (t) => {
  const service = await startService(t);
  const { documentImportId, body } = await importLargeFile(service);
  const answer = await openBackup(service);
  await dataOf(service.call('DELETE', `/v1/datamarts/1/document_imports/${documentImportId}`));
  const documents = path.join(service.config.data, 'documents');
  assert.deepEqual(await readdir(path.join(documents, 'kept')), []);
  const files = await readTar(answer);
  const input = [...files.keys()].find((name) => name.endsWith('/input'));
  assert.equal(files.get(input ?? ''), body);
  assert.equal([...files.keys()].at(-1), 'manifest.ndjson');
  await untilGone(path.join(documents, 'removed'));
});

test('one backup is taken at a time, and one that nobody reads on is given up', async (t) => {
  const service = await startService(t, { uploadIdleMs: 1_000 });
  await importLargeFile(service);
  const answer = await openBackup(service);
  const snapshots = path.join(service.config.data, 'store', 'snapshots');
  assert.equal((await readdir(snapshots)).length, 1);
  await refused(service.call('GET', '/v1/backup'), 409, 'CONFLICT');
  const given = await untilEmpty(snapshots);
  assert.ok(given, 'the snapshot is still there');
  await assert.rejects(readTar(answer));
  const files = await readTar(await openBackup(service));
  assert.ok(files.has('manifest.ndjson'));
  assert.ok(await untilEmpty(snapshots));
});

test('a backup leaves free of the disk what uploads leave', async (t) => {
  const service = await startService(t, { minFreeBytes: Number.MAX_SAFE_INTEGER });
  await refused(service.call('GET', '/v1/backup'), 507, 'INSUFFICIENT_STORAGE');
});

test('a service that is stopped during a backup does not wait for its reader', async (t) => {
  const service = await startService(t);
  await importLargeFile(service);
  const answer = await openBackup(service);
  await service.stop();
  await assert.rejects(readTar(answer));
  assert.deepEqual(await readdir(path.join(service.config.data, 'store', 'snapshots')), []);
});

/** More than sockets and buffers hold. */
async function importLargeFile(service: TestService): Promise<{ documentImportId: string; body: string }> {
  const segmentId = await createSegment(service, { name: 'a' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const filler = 'x'.repeat(60_000);
  const line = (user: number) =>
    JSON.stringify({
      operation: 'UPDATE',
      user_account_id: `u${user}`,
      segment_id: segmentId,
      expiration_ts: 0,
      filler,
    });
  const body = Array.from({ length: (32 * MIB) / filler.length }, (_, user) => `${line(user)}\n`).join('');
  await runFile(service, 'NDJSON', body, { documentImportId });
  return { documentImportId, body };
}

/** A backup that has begun: its first bytes are there, the others wait until they are read. */
async function openBackup({ baseUrl, token }: TestService): Promise<Response> {
  const answer = await fetch(`${baseUrl}/v1/backup`, { headers: { authorization: token } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/x-tar');
  return answer;
}

async function readTar({ body }: Response): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const tar = extract();
  const stream = Readable.fromWeb(body as ReadableStream);
  stream.on('error', (fault) => tar.destroy(fault));
  stream.pipe(tar as unknown as NodeJS.WritableStream);
  for await (const entry of tar) files.set(entry.header.name, await text(entry as unknown as Readable));
  return files;
}

async function untilEmpty(folder: string): Promise<boolean> {
  return until(async () => (await readdir(folder)).length === 0);
}

async function untilGone(folder: string): Promise<void> {
  const gone = await until(() =>
    readdir(folder).then(
      () => false,
      () => true,
    ),
  );
  assert.ok(gone, `${folder} is still there`);
}

async function until(condition: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
