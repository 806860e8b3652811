import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, type TestContext, test } from 'node:test';
import { HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { type Part, wholeFile } from '../../src/documents/documents.ts';
import { openS3Documents } from '../../src/documents/s3/open-s3-documents.ts';
import { DocumentsUnreachableError } from '../../src/errors.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { type S3Server, s3Error, startS3 } from '../s3.ts';
import { documentsContract, foldersOf, type Limits, type OpenedDocuments, textOf } from './contract.ts';
import { LIMITS, LINE, MIB, receive } from './receive.ts';

let s3: S3Server;
before(async () => {
  s3 = await startS3();
});
after(() => s3.close());

async function openForTest(
  t: TestContext,
  limits: Limits = LIMITS,
): Promise<OpenedDocuments & { bucket: string }> {
  const scratch = await makeFolder();
  const bucket = s3.makeBucket();
  t.after(async () => {
    s3.setFaults(() => null);
    await discardFolder(t, scratch);
  });
  const open = async () => {
    const documents = await openS3Documents(
      { client: s3.client, bucket, prefix: 'some/where/' },
      scratch,
      limits,
    );
    // the client is of all tests
    return { ...documents, close: async () => {} };
  };
  return { documents: await open(), again: open, unfinished: () => readdir(scratch), bucket };
}

documentsContract('S3', openForTest, 100);

const INPUT = wholeFile('input');
const isRead = (path: string, method: string) => method === 'GET' && path.endsWith('/input');

test('a connection that breaks while a file is read is taken up where it broke', async (t) => {
  const { documents } = await openForTest(t);
  const content = LINE.repeat(80_000);
  const { folder } = await receive(documents, content);
  let cut = 0;
  s3.setFaults(({ path, method }) => {
    if (!isRead(path, method)) return null;
    cut += 1;
    // the third of each: a fault that is there for ever would be told
    return cut % 3 === 0 ? null : { type: 'CUT', after: 1_000_000 };
  });
  assert.ok((await textOf(documents, folder, INPUT)) === content);
  assert.ok(cut >= 4, `${cut} requests`);
});

test('what can pass is told apart from what cannot', async (t) => {
  const { documents } = await openForTest(t);
  const { folder } = await receive(documents, LINE);
  s3.setFaults(({ path, method }) => (isRead(path, method) ? s3Error(500, 'InternalError') : null));
  const passing = await textOf(documents, folder, INPUT).catch((fault: unknown) => fault);
  assert.ok(passing instanceof DocumentsUnreachableError, String(passing));
  assert.match(passing.message, /InternalError \(HTTP 500\)/);
  s3.setFaults(({ path, method }) => (isRead(path, method) ? s3Error(403, 'AccessDenied') : null));
  const lasting = await textOf(documents, folder, INPUT).catch((fault: unknown) => fault);
  assert.ok(lasting instanceof Error && !(lasting instanceof DocumentsUnreachableError));
  assert.match(lasting.message, /AccessDenied \(HTTP 403\)/);
  let refused = 0;
  s3.setFaults(({ method }) => (method === 'PUT' && refused++ < 1 ? s3Error(500, 'InternalError') : null));
  const name = await documents.addErrors(folder, Buffer.from('failed\n'));
  s3.setFaults(() => null);
  assert.equal(await textOf(documents, folder, [{ name, bytes: 7 }]), 'failed\n');
});

test('a bucket that cannot be used is told at the start', async (t) => {
  const { again, bucket } = await openForTest(t);
  const scratch = await makeFolder();
  t.after(() => discardFolder(t, scratch));
  const elsewhere = { client: s3.client, bucket: 'no-such-bucket', prefix: '' };
  await assert.rejects(openS3Documents(elsewhere, scratch, LIMITS), {
    name: 'DocumentsUnusableError',
    message: 'objects could not be listed: NoSuchBucket (HTTP 404)',
  });
  s3.setFaults(({ method }) => (method === 'PUT' ? s3Error(403, 'AccessDenied') : null));
  await assert.rejects(again(), {
    name: 'DocumentsUnusableError',
    message: 'an object could not be written: AccessDenied (HTTP 403)',
  });
  s3.setFaults(() => null);
  await again();
  const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket }));
  assert.deepEqual(Contents, [], 'nothing is left of looking');
});

test('a large file is stored in parts, and given up when one of them fails', async (t) => {
  const { documents, bucket, unfinished } = await openForTest(t);
  const content = LINE.repeat(150_000);
  assert.ok(content.length > 11 * MIB);
  const { folder } = await receive(documents, content);
  const Key = `some/where/kept/${folder}/input`;
  const head = await s3.client.send(new HeadObjectCommand({ Bucket: bucket, Key }));
  assert.match(head.ETag ?? '', /-3"$/, 'three parts');
  const givenUp: string[] = [];
  s3.setFaults(({ method, query }) => {
    if (method === 'DELETE' && query.has('uploadId')) givenUp.push(query.get('uploadId') ?? '');
    return query.get('partNumber') === '2' ? s3Error(403, 'AccessDenied') : null;
  });
  await assert.rejects(receive(documents, content), /AccessDenied/);
  assert.equal(givenUp.length, 1);
  assert.deepEqual(await unfinished(), []);
});

test('what is listed page by page is read to its end', async (t) => {
  const { documents } = await openForTest(t);
  const folders: string[] = [];
  for (let i = 0; i < 5; i++) folders.push((await receive(documents, LINE)).folder);
  const [folder = ''] = folders;
  const parts: Part[] = [];
  for (let i = 0; i < 7; i++)
    parts.push({ name: await documents.addErrors(folder, Buffer.from(`${i}`)), bytes: 1 });
  let pages = 0;
  s3.setFaults(({ query }) => {
    if (!query.has('list-type')) return null;
    pages += 1;
    return { type: 'QUERY', more: 'max-keys=3' };
  });
  assert.equal(await textOf(documents, folder, parts), '0123456');
  assert.ok(pages >= 3, `${pages} pages`);
  assert.deepEqual(await foldersOf(documents), [...folders].sort());
  await documents.remove(folder);
  s3.setFaults(() => null);
  assert.deepEqual(await foldersOf(documents), folders.slice(1).sort());
});

test('uploads in parts that nobody completes are given up after a while', async (t) => {
  const { documents, bucket } = await openForTest(t);
  const upload = (id: string, initiated: string) =>
    `<Upload><Key>some/where/kept/x/${id}</Key><UploadId>${id}</UploadId><Initiated>${initiated}</Initiated></Upload>`;
  const givenUp: string[] = [];
  // what this server does not do:
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
  s3.setFaults(({ method, path, query }) => {
    if (method === 'DELETE') {
      givenUp.push(query.get('uploadId') ?? '');
      return { type: 'ANSWER', status: 204, body: '' };
    }
    if (method !== 'GET' || !query.has('uploads')) return null;
    assert.equal(path.replace(/\/$/, ''), `/${bucket}`);
    assert.equal(query.get('prefix'), 'some/where/kept/');
    const isSecond = query.get('upload-id-marker') === 'old';
    const uploads = isSecond
      ? upload('older', '2026-01-01T00:00:00.000Z')
      : upload('new', '2026-03-02T00:00:00.000Z') + upload('old', '2026-03-01T00:00:00.000Z');
    const next = '<NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>old</NextUploadIdMarker>';
    const body = `<ListMultipartUploadsResult><IsTruncated>${!isSecond}</IsTruncated>${next}${uploads}</ListMultipartUploadsResult>`;
    return { type: 'ANSWER', status: 200, body };
  });
  await documents.sweepUnfinished(Date.parse('2026-03-01T12:00:00Z'));
  assert.deepEqual(givenUp.sort(), ['old', 'older']);
  s3.setFaults(({ query }) => (query.has('uploads') ? s3Error(501, 'NotImplemented') : null));
  await documents.sweepUnfinished(Date.now());
});
