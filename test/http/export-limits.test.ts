import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../src/config.ts';
import { type Answer, type Client, clientOf, createSegment, dataOf, runFile } from '../client.ts';
import { startService } from '../helper.ts';
import { refused } from './refusals.ts';

type Job = {
  id: string;
  status: string;
  start_date: number | null;
  error: { message: string } | null;
  result: { export_file_uri?: string } | null;
};

/**
 * A service with two datamarts, a segment of some members in each, and a token beside the admin's.
 */
async function setUp(t: TestContext, overrides: Partial<Config>, members = 10) {
  const service = await startService(t, overrides);
  const { id: other } = await dataOf<{ id: string }>(
    service.call('POST', '/v1/datamarts', { name: 'other' }),
  );
  const segments: string[] = [];
  for (const datamartId of ['1', other]) {
    segments.push(await createSegment(service, { name: 's', technical_name: 's', datamart_id: datamartId }));
    const line = (i: number) =>
      `{"operation":"UPDATE","user_account_id":"u${i}","segment_technical_name":"s","expiration_duration":0}\n`;
    await runFile(service, 'NDJSON', Array.from({ length: members }, (_, i) => line(i)).join(''), {
      datamartId,
    });
  }
  const { value } = await dataOf<{ value: string }>(
    service.call('POST', '/v1/api_tokens', { name: 'reader', role: 'reader', datamart_ids: null }),
  );
  const [first = '', second = ''] = segments;
  return { service, reader: clientOf(service.baseUrl, value), other, first, second };
}

const exportOf = (client: Client, segmentId: string) =>
  client.call('POST', `/v1/audience_segments/${segmentId}/exports`, {});
const getExport = (client: Client, segmentId: string, id: string) =>
  dataOf<Job>(client.call('GET', `/v1/audience_segments/${segmentId}/exports/${id}`));
const analyse = (client: Client, datamartId: string, segmentId: string) =>
  client.call('POST', `/v1/datamarts/${datamartId}/overlap_analysis`, {
    first_party_overlap: { source: { segment_id: segmentId } },
  });

async function ended(client: Client, segmentId: string, answer: Promise<Answer>): Promise<Job> {
  const { id } = await dataOf<Job>(answer);
  for (;;) {
    const job = await getExport(client, segmentId, id);
    if (!['PENDING', 'RUNNING'].includes(job.status)) return job;
    await sleep(10);
  }
}

/** Refusals with their code, and how many were taken, of calls that are made at the same time. */
async function atOnce(calls: readonly (() => Promise<Answer>)[]) {
  const answers = await Promise.all(calls.map((call) => call()));
  const taken = answers.filter(({ status }) => status === 200);
  const refusals = answers.filter(({ status }) => status !== 200);
  for (const { headers } of refusals) assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  const codes = refusals.map(
    ({ status, json }) => `${status} ${(json as { error_code: string }).error_code}`,
  );
  return { taken: taken.length, codes: [...new Set(codes)] };
}

const times = <T>(count: number, of: T) => Array.from({ length: count }, () => of);

for (const [kind, ask] of [
  ['exports', (client: Client, _: string, segmentId: string) => exportOf(client, segmentId)],
  ['overlap analyses', analyse],
] as const) {
  test(`${kind} that wait are bounded by token, by datamart and in all`, async (t) => {
    const limits = { maxExportsPerToken: 3, maxExportsPerDatamart: 5, maxExports: 7 };
    const { service, reader, other, first, second } = await setUp(t, limits);
    // another process would do it: nothing is begun here
    const { exports, overlapAnalyses } = service.store;
    for (const jobs of [exports, overlapAnalyses]) jobs.claim = async () => null;
    const tooMany = ['429 TOO_MANY_EXPORTS'];
    assert.deepEqual(await atOnce(times(9, () => ask(reader, '1', first))), { taken: 3, codes: tooMany });
    assert.deepEqual(await atOnce(times(9, () => ask(reader, other, second))), { taken: 0, codes: tooMany });
    assert.deepEqual(await atOnce(times(9, () => ask(service, '1', first))), { taken: 2, codes: tooMany });
    const more = await dataOf<{ value: string }>(
      service.call('POST', '/v1/api_tokens', { name: 'more', role: 'reader', datamart_ids: null }),
    );
    const third = clientOf(service.baseUrl, more.value);
    assert.deepEqual(await atOnce(times(9, () => ask(third, other, second))), {
      taken: 2,
      codes: ['503 OVERLOADED'],
    });
  });
}

test('kept files of a datamart, and those of a token, are bounded in bytes', async (t) => {
  const { service, reader, first, second } = await setUp(t, { maxExportBytes: 60_000 }, 400);
  let failed = await ended(service, first, exportOf(service, first));
  assert.equal(failed.status, 'SUCCEEDED', failed.error?.message);
  for (let more = 0; failed.status === 'SUCCEEDED'; more++) {
    assert.ok(more < 10, 'there is no end to what is kept');
    failed = await ended(service, first, exportOf(service, first));
  }
  assert.match(failed.error?.message ?? '', /the file may have \d+ bytes, .*maxExportBytes/);
  // what is kept of the first is little enough for the token, in a datamart of which nothing is
  // kept
  assert.equal((await ended(reader, second, exportOf(reader, second))).status, 'SUCCEEDED');
  assert.deepEqual(await readdir(path.join(service.config.data, 'documents', 'incoming')), []);
});

test('more bytes than may be kept are refused before anything is made', async (t) => {
  const { service, first } = await setUp(t, { maxExportBytes: 1, maxAnalysisBytes: 1 });
  const { store } = service;
  const of = {
    organisationId: '1',
    datamartId: '1',
    segmentId: first,
    userId: null,
    creationDate: Date.now(),
  };
  const { claim } = store.exports;
  // the service is not to make the file itself
  store.exports.claim = async () => null;
  const claimed = await store.exports.create({ ...of, mimeType: 'TEXT_CSV', kinds: [] });
  await claim(Date.now());
  const counts = { members: 0, membersWithIdentifiers: 0, identifiers: 0 };
  await store.exports.finish(claimed?.id ?? '', {
    ...{ status: 'SUCCEEDED', failure: null, folder: 'none', bytes: 5, counts, now: Date.now() },
  });
  const text = await refused(exportOf(service, first), 429, 'TOO_MANY_EXPORTS');
  assert.match(text, /may keep 1 bytes \(maxExportBytes\), and keeps 5/);
  const made = await dataOf<Job>(analyse(service, '1', first));
  while ((await store.overlapAnalyses.get(made.id))?.status !== 'SUCCEEDED') await sleep(10);
  assert.match(await refused(analyse(service, '1', first), 429, 'TOO_MANY_EXPORTS'), /maxAnalysisBytes/);
});

test('a file that is streamed at once has the same bounds', async (t) => {
  const { service, first } = await setUp(t, { maxExportBytes: 1_000, maxExportsPerToken: 1 }, 400);
  const url = `/v1/audience_segments/${first}/export_file`;
  await refused(service.call('GET', url), 413, 'FILE_TOO_LARGE');
  assert.deepEqual(await readdir(path.join(service.config.data, 'documents', 'incoming')), []);
  const held: (() => void)[] = [];
  const { store } = service;
  store.writeMembers = async () => {
    await new Promise<void>((resolve) => held.push(resolve));
    throw new Error('it broke');
  };
  const waiting = service.call('GET', url);
  while (held.length === 0) await sleep(5);
  await refused(service.call('GET', url), 429, 'TOO_MANY_EXPORTS');
  held[0]?.();
  assert.equal((await waiting).status, 500);
});

test('a file that is streamed counts until its download ends', async (t) => {
  const { service, reader, first } = await setUp(t, { maxExportsPerToken: 1 });
  // far more than the sockets between them hold
  service.store.writeMembers = async ({ file }) => {
    await writeFile(file, Buffer.alloc(64 * 1024 * 1024));
    return { members: 0, membersWithIdentifiers: 0, identifiers: 0 };
  };
  const url = `/v1/audience_segments/${first}/export_file`;
  const client = new AbortController();
  const slow = await fetch(`${reader.baseUrl}${url}`, {
    ...{ headers: { authorization: reader.token }, signal: client.signal },
  });
  assert.equal(slow.status, 200);
  await refused(reader.call('GET', url), 429, 'TOO_MANY_EXPORTS');
  client.abort();
  while ((await reader.call('GET', url)).status === 429) await sleep(10);
});

test('an export of one datamart does not wait for those that another one asked for before', async (t) => {
  const { service, reader, first, second } = await setUp(t, {});
  const { exports } = service.store;
  const { claim } = exports;
  // they are all there before the first is begun
  exports.claim = async () => null;
  const many: Job[] = [];
  for (let i = 0; i < 15; i++) many.push(await dataOf<Job>(exportOf(reader, first)));
  exports.claim = claim;
  const small = await ended(service, second, exportOf(service, second));
  assert.equal(small.status, 'SUCCEEDED');
  const before = many.map(async ({ id }) => (await getExport(reader, first, id)).start_date);
  const earlier = (await Promise.all(before)).filter(
    (date) => date !== null && date < (small.start_date ?? 0),
  );
  assert.ok(earlier.length <= 2, `${earlier.length} of the other datamart went before it`);
});
