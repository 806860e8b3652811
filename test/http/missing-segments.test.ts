import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  type Format,
  getExecution,
  membershipsOf,
  runFile,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';

type SegmentAnswer = { readonly id: string; readonly technical_name: string | null } & Record<
  string,
  unknown
>;
type Created = { readonly segment_id: string | null; readonly technical_name: string };
type Sizes = {
  readonly segment_id: string | null;
  readonly technical_name?: string;
  readonly size_before: number;
  readonly size_after: number;
};

const CREATE = 'create_missing_segments=true';

function fileOf(
  format: Format,
  users: readonly (readonly [user: string, segment: string, expiry?: string])[],
) {
  const lines = users.map(([user, segment, expiry = '0']) =>
    format === 'CSV'
      ? `UPDATE,${user},${segment},${expiry}`
      : JSON.stringify({
          operation: 'UPDATE',
          user_account_id: user,
          segment_technical_name: segment,
          ...(expiry === '' ? {} : { expiration_duration: expiry }),
        }),
  );
  const header = 'operation,user_account_id,segment_technical_name,expiration_duration';
  return `${(format === 'CSV' ? [header, ...lines] : lines).join('\n')}\n`;
}

function createdBy({ result }: ExecutionAnswer): readonly Created[] {
  return (result as unknown as { segments_created: readonly Created[] }).segments_created;
}

function sizesOf({ result }: ExecutionAnswer): readonly Sizes[] {
  return (result as unknown as { segments: readonly Sizes[] }).segments;
}

async function segmentsNamed(service: TestService, name: string) {
  return dataOf<readonly SegmentAnswer[]>(
    service.call('GET', `/v1/audience_segments?datamart_id=1&technical_name=${encodeURIComponent(name)}`),
  );
}

async function namesOfUser(service: TestService, user: string): Promise<readonly string[]> {
  const memberships = await membershipsOf(service, `user_account_id=${user}`);
  return (memberships ?? []).map(({ segment_id }) => segment_id).sort();
}

test('a file makes segments of the unknown technical names that it gives', async (t) => {
  const service = await startService(t, { chunkRows: 50 });

  for (const format of ['NDJSON', 'CSV'] as const) {
    await t.test(`${format}: once, over several chunks, and they are members`, async () => {
      const [a, b] = [`a ${format}`, `b ${format}`];
      const users = Array.from({ length: 300 }, (_, i) => [`${format}${i}`, i < 200 ? a : b] as const);
      const execution = await runFile(service, format, fileOf(format, users), { query: CREATE });
      assert.equal(execution.result.total_failure, 0);
      assert.equal(execution.result.memberships_created, 300);
      const [one] = await segmentsNamed(service, a);
      const [other] = await segmentsNamed(service, b);
      assert.deepEqual(createdBy(execution), [
        { segment_id: one?.id, technical_name: a },
        { segment_id: other?.id, technical_name: b },
      ]);
      const { type, feed_type, name, default_ttl, user_points_count } = one as SegmentAnswer;
      assert.deepEqual(
        { type, feed_type, name, default_ttl, user_points_count },
        { type: 'USER_LIST', feed_type: 'FILE_IMPORT', name: a, default_ttl: null, user_points_count: 200 },
      );
      assert.deepEqual(await namesOfUser(service, `${format}250`), [other?.id]);

      const again = await runFile(service, format, fileOf(format, users), { query: CREATE });
      assert.deepEqual([createdBy(again), again.result.total_failure], [[], 0]);
      const without = await runFile(service, format, fileOf(format, [['x', `c ${format}`]]));
      assert.equal(without.result.failures_by_code.UNKNOWN_SEGMENT, 1);
      assert.equal(createdBy(without), undefined);
    });
  }

  await t.test('the audit log names who sent the file', async () => {
    const [created] = createdBy(
      await runFile(service, 'NDJSON', fileOf('NDJSON', [['u', 'audited']]), { query: CREATE }),
    );
    const entries = await dataOf<readonly Record<string, unknown>[]>(
      service.call('GET', `/v1/audit_log?resource_type=segment&resource_id=${created?.segment_id}`),
    );
    assert.deepEqual(
      entries.map(({ action, token_name }) => [action, token_name]),
      [['CREATE', 'preset admin token']],
    );
  });

  await t.test('a dry run tells them and makes none', async () => {
    const known = await createSegment(service, { name: 'known', technical_name: 'known' });
    const users = Array.from({ length: 120 }, (_, i) => [`d${i}`, i % 2 === 0 ? 'dry' : 'known'] as const);
    for (const mode of ['update', 'replace']) {
      const query = `${CREATE}&dry_run=true&mode=${mode}`;
      const execution = await runFile(service, 'NDJSON', fileOf('NDJSON', users), { query });
      assert.deepEqual(createdBy(execution), [{ segment_id: null, technical_name: 'dry' }]);
      assert.equal(execution.result.memberships_created, 120);
      assert.deepEqual(
        sizesOf(execution).map(({ segment_id, technical_name, size_before, size_after }) => ({
          ...{ segment_id, technical_name, size_before, size_after },
        })),
        [
          { segment_id: known, technical_name: undefined, size_before: 0, size_after: 60 },
          { segment_id: null, technical_name: 'dry', size_before: 0, size_after: 60 },
        ],
      );
      assert.deepEqual(await segmentsNamed(service, 'dry'), []);
    }
  });

  await t.test('a line that fails makes none, and a dry run says so before', async () => {
    const file = fileOf('NDJSON', [
      ['u1', 'never', ''],
      ['u2', 'x'.repeat(256)],
      ['u3', 'y'.repeat(255)],
      ['u4', 'later', 'soon'],
      ['u5', 'later'],
    ]);
    const delist = '{"operation":"DELETE","user_account_id":"u","segment_technical_name":"taken out of"}\n';
    const dry = await runFile(service, 'NDJSON', file + delist, { query: `${CREATE}&dry_run=true` });
    const execution = await runFile(service, 'NDJSON', file + delist, { query: CREATE });
    assert.deepEqual(execution.result.failures_by_code, dry.result.failures_by_code);
    assert.deepEqual(execution.result.failures_by_code, {
      MISSING_EXPIRATION: 1,
      UNKNOWN_SEGMENT: 1,
      INVALID_EXPIRATION: 1,
    });
    const names = ['y'.repeat(255), 'later', 'taken out of'];
    assert.deepEqual(
      createdBy(execution).map(({ technical_name }) => technical_name),
      names,
    );
    assert.deepEqual(
      createdBy(dry).map(({ technical_name }) => technical_name),
      names,
    );
    assert.deepEqual(await segmentsNamed(service, 'never'), []);
  });

  await t.test('a hundred at most, the first ones of the file', async () => {
    const users = Array.from({ length: 260 }, (_, i) => [`m${i}`, `many ${i % 130}`] as const);
    const execution = await runFile(service, 'CSV', fileOf('CSV', users), { query: CREATE });
    assert.deepEqual(
      createdBy(execution).map(({ technical_name }) => technical_name),
      users.slice(0, 100).map(([, name]) => name),
    );
    assert.deepEqual(execution.result.failures_by_code, { UNKNOWN_SEGMENT: 60 });
    assert.equal(execution.result.total_success, 200);
  });

  await t.test('none where a guard refuses the file', async () => {
    const file = fileOf('NDJSON', [
      ['u1', 'guarded'],
      ['u2', 'guarded', 'soon'],
    ]);
    for (const query of ['max_failure_ratio=0.1', 'mode=replace', 'mode=replace&max_shrink_ratio=1']) {
      const execution = await runFile(service, 'NDJSON', file, { query: `${CREATE}&${query}` });
      assert.equal(execution.status, 'FAILED');
      assert.deepEqual(createdBy(execution), []);
      assert.deepEqual(await segmentsNamed(service, 'guarded'), []);
    }
  });

  await t.test('a replacement makes them once its guards have let it pass', async () => {
    const users = Array.from({ length: 120 }, (_, i) => [`r${i}`, i < 60 ? 'one' : 'two'] as const);
    const execution = await runFile(service, 'CSV', fileOf('CSV', users), {
      query: `${CREATE}&mode=replace`,
    });
    const created = createdBy(execution);
    assert.deepEqual(
      created.map(({ technical_name }) => technical_name),
      ['one', 'two'],
    );
    assert.deepEqual(
      sizesOf(execution).map(({ segment_id, size_after }) => [segment_id, size_after]),
      created.map(({ segment_id }) => [segment_id, 60]),
    );
  });

  await t.test('files that come at once and give the same name make one segment', async () => {
    const documentImportId = await createImport(service, { format: 'NDJSON' });
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        upload(service, {
          ...{ datamartId: '1', documentImportId, format: 'NDJSON', query: CREATE },
          body: fileOf('NDJSON', [[`g${i}`, 'of all']]),
        }),
      ),
    );
    const ended = await Promise.all(all.map((execution) => waitForEnd(service, execution)));
    assert.equal(ended.flatMap((execution) => createdBy(execution)).length, 1);
    const segments = await segmentsNamed(service, 'of all');
    assert.deepEqual(
      segments.map(({ user_points_count }) => user_points_count),
      [20],
    );
  });

  await t.test('a revert takes the memberships out and leaves the segments', async () => {
    const execution = await runFile(service, 'NDJSON', fileOf('NDJSON', [['v', 'stays']]), { query: CREATE });
    const path = `/v1/datamarts/1/document_imports/${execution.parameters.document_import_id}/executions`;
    const revert = await dataOf<ExecutionAnswer>(
      service.call('POST', `${path}/${execution.id}/action`, { action: 'REVERT' }),
    );
    await waitForEnd(service, revert);
    const [segment] = await segmentsNamed(service, 'stays');
    assert.equal(segment?.user_points_count, 0);
    assert.equal(createdBy(await getExecution(service, execution)).length, 1);
  });

  await t.test('a list of users for one segment names none', async () => {
    const id = await createSegment(service, { name: 'list' });
    const { status, json } = await service.call(
      'POST',
      `/v1/datamarts/1/audience_segments/${id}/user_list_imports?${CREATE}`,
    );
    assert.deepEqual([status, (json as { error_code: string }).error_code], [400, 'INVALID_REQUEST']);
  });
});
