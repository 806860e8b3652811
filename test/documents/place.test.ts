import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { placeOfDocuments } from '../../src/documents/place.ts';

test('documents are in the data folder, in another one, or in a bucket', () => {
  const placeOf = (documents?: string) => placeOfDocuments(readConfig({ data: '/data', documents }, {}));
  assert.deepEqual(placeOf(), { type: 'FOLDER', dir: '/data/documents' });
  assert.deepEqual(placeOf('/mnt/files'), { type: 'FOLDER', dir: '/mnt/files' });
  assert.deepEqual(placeOf('files'), { type: 'FOLDER', dir: path.resolve('files') });
  const bucket = { type: 'S3', bucket: 'my-bucket' };
  for (const url of ['s3://my-bucket', 's3://my-bucket/', 's3://my-bucket//'])
    assert.deepEqual(placeOf(url), { ...bucket, prefix: '' });
  for (const url of ['s3://my-bucket/a/b', 's3://my-bucket/a/b/', 's3://my-bucket//a//b'])
    assert.deepEqual(placeOf(url), { ...bucket, prefix: 'a/b/' });
  const fromEnvironment = readConfig({}, { MUSTER_DOCUMENTS: 's3://my-bucket/x' });
  assert.equal(fromEnvironment.documents, 's3://my-bucket/x');
});

test('other places are refused by the name they were given under', () => {
  for (const url of ['s3://', 's3://My_Bucket', 's3://a', 's3:///prefix', 's3://bucket/a b', 'ftp://host/x'])
    assert.throws(() => readConfig({ documents: url }, {}), {
      name: 'ConfigError',
      message: `--documents: expected a folder or s3://bucket/prefix, got ${JSON.stringify(url)}`,
    });
});
