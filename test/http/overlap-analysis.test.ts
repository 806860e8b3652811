import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createSegment, dataOf, runFile } from '../client.ts';
import { startService } from '../helper.ts';
import { missing, refused } from './refusals.ts';

type Analysis = {
  readonly id: string;
  readonly status: string;
  readonly external_model_name: string;
  readonly parameters: { first_party_overlap: { source: { segment_id: string } } };
  readonly output_result: { status: string; result: { data_file_uri: string } } | null;
};

/** What the original's front end sends, and reads. */
function ask(client: Client, segmentId: string, datamartId = '1') {
  return client.call('POST', `/v1/datamarts/${datamartId}/overlap_analysis`, {
    first_party_overlap: {
      source: { type: 'segment_overlap', segment_id: segmentId, datamart_id: datamartId },
      type: 'FIRST_PARTY_OVERLAP',
    },
  });
}

async function last(client: Client, segmentId: string): Promise<Analysis> {
  const path = `/v1/audience_segments/${segmentId}/overlap_analysis?audienceSegmentId=${segmentId}&first_result=0&max_results=1`;
  for (let i = 0; i < 600; i++) {
    const [analysis] = await dataOf<Analysis[]>(client.call('GET', path));
    if (analysis && !['PENDING', 'RUNNING'].includes(analysis.status)) return analysis;
    await sleep(20);
  }
  throw new Error('the analysis does not end');
}

async function fileOf(client: Client, { output_result }: Analysis) {
  const uri = output_result?.result.data_file_uri ?? '';
  return client.call('GET', `/v1/data_file/data?uri=${encodeURIComponent(uri)}`);
}

test('a segment is compared with all others of its datamart, as the front end of the original reads it', async (t) => {
  const now = Date.UTC(2027, 0, 15);
  const service = await startService(t, { sweepIntervalMs: 3_600_000 }, () => now);
  const [a = '', b = '', c = '', empty = ''] = await Promise.all(
    ['a', 'b', 'c', 'empty'].map((name) => createSegment(service, { name })),
  );
  const { id: otherDatamart } = await dataOf<{ id: string }>(
    service.call('POST', '/v1/datamarts', { name: 'other' }),
  );
  const elsewhere = await createSegment(service, { name: 'elsewhere', datamart_id: otherDatamart });
  const line = (user: number, segment_id: string, more: object = {}) =>
    JSON.stringify({
      ...{ operation: 'UPDATE', user_account_id: `u${user}`, segment_id, expiration_duration: 0 },
      ...more,
    });
  const users = Array.from({ length: 30 }, (_, user) => user);
  await runFile(
    service,
    'NDJSON',
    users
      .flatMap((user) => [
        line(user, a),
        ...(user % 3 === 0 ? [line(user, b)] : []),
        ...(user < 5 ? [line(user + 28, c)] : []),
        ...(user === 0 ? [line(user, c, { expiration_ts: now + 1 })] : []),
      ])
      .join('\n'),
  );
  await runFile(service, 'NDJSON', line(0, elsewhere), { datamartId: otherDatamart });

  const asked = await dataOf<Analysis>(ask(service, a));
  assert.deepEqual(
    [asked.external_model_name, asked.parameters.first_party_overlap.source.segment_id],
    ['PUBLIC_AUDIENCE_SEGMENT', a],
  );
  const analysis = await last(service, a);
  assert.deepEqual(
    [analysis.id, analysis.status, analysis.output_result?.status],
    [asked.id, 'SUCCEEDED', 'SUCCEEDED'],
  );
  const file = await fileOf(service, analysis);
  assert.equal(file.status, 200, file.text);
  assert.equal(file.headers.get('content-disposition'), `attachment; filename=overlaps-${a}.json`);
  const [A, B, C, EMPTY] = [a, b, c, empty].map(Number);
  const size = (segment_id: number | undefined, segment_size: number) => ({
    ...{ segment_id, datamart_id: 1, segment_size },
  });
  const shared = (segment_intersect_with: number | undefined, overlap_number: number) => ({
    ...{ segment_source_id: A, segment_intersect_with, overlap_number },
  });
  const { segments, ...rest } = file.json as { segments: { segment_id: number }[] };
  assert.deepEqual(
    segments.toSorted((one, other) => one.segment_id - other.segment_id),
    [size(A, 30), size(B, 10), size(C, 6), size(EMPTY, 0)].sort(
      (one, other) => Number(one.segment_id) - Number(other.segment_id),
    ),
  );
  assert.deepEqual(rest, { date: now, overlaps: [shared(A, 30), shared(B, 10), shared(C, 3)] });

  const log = await service.call('GET', '/v1/audit_log?resource_type=overlap_analysis');
  assert.deepEqual(
    (log.json as { data: { action: string }[] }).data.map(({ action }) => action),
    ['DOWNLOAD', 'CREATE'],
  );
  await dataOf(ask(service, empty));
  const nobody = (await fileOf(service, await last(service, empty))).json as { overlaps: object[] };
  assert.deepEqual(nobody.overlaps, [
    { segment_source_id: EMPTY, segment_intersect_with: EMPTY, overlap_number: 0 },
  ]);

  assert.equal(await service.store.overlapAnalyses.removeBefore(now), 0);
  assert.equal(await service.store.overlapAnalyses.removeBefore(now + 1), 2);
  assert.deepEqual(await dataOf(service.call('GET', `/v1/audience_segments/${a}/overlap_analysis`)), []);
  await missing(fileOf(service, analysis));
});

test('what cannot be compared is refused, and an analysis goes with its segment', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const post = (body: unknown) => service.call('POST', '/v1/datamarts/1/overlap_analysis', body);
  await refused(post({}), 400, 'INVALID_REQUEST');
  await refused(post({ first_party_overlap: { source: { segment_id: 'x' } } }), 400, 'INVALID_REQUEST');
  const source = { segment_id: segmentId };
  await refused(post({ first_party_overlap: { source, type: 'THIRD_PARTY' } }), 400, 'INVALID_REQUEST');
  const text = await refused(
    post({ first_party_overlap: { source: { ...source, datamart_id: 2 } } }),
    400,
    'INVALID_REQUEST',
  );
  assert.match(text, /must be that of the path, 1, got 2/);
  await missing(ask(service, '404'));
  await missing(ask(service, segmentId, '404'));
  await dataOf(post({ first_party_overlap: { source: { segment_id: Number(segmentId) } } }));
  const analysis = await last(service, segmentId);
  assert.equal((await fileOf(service, analysis)).status, 200);
  await dataOf(service.call('DELETE', `/v1/audience_segments/${segmentId}`));
  await missing(fileOf(service, analysis));
  await missing(service.call('GET', `/v1/audience_segments/${segmentId}/overlap_analysis`));
});
