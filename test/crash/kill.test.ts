import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate, userId, type Workload } from '../../bench/workload.ts';
import { hasEnded } from '../../src/model/execution.ts';
import {
  type Client,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  errorFile,
  executionsPath,
  getExecution,
  getSegment,
  membershipsOf,
  upload,
  waitForEnd,
} from '../client.ts';
import { type ServiceProcess, startProcess } from '../process.ts';
import { readErrorFile } from '../properties/error-file.ts';

const ROUNDS = Number(process.env.MUSTER_CRASH_ROUNDS || 1);
const LINES = Number(process.env.MUSTER_CRASH_LINES || 50_000);
const USERS = 20_000;
const SEGMENTS = 5;
const SAMPLE = 150;
/** Small batches, so that there are many moments between two of them. */
const ENV = { MUSTER_CHUNK_ROWS: '1000' };

/** What a service holds after an import: all that a crash could have spoilt. */
type Outcome = {
  readonly status: string;
  readonly counts: Readonly<Record<string, unknown>>;
  readonly errors: string;
  readonly warnings: readonly unknown[];
  readonly segments: readonly unknown[];
  readonly users: readonly unknown[];
};

test('an import survives whatever happens to the process', async (t) => {
  const undisturbed = await run(t, { body: fileOf(LINES), disturb: async () => undefined });
  assert.equal(undisturbed.status, 'SUCCEEDED');
  assert.ok(Number(undisturbed.counts.total_failure) > LINES / 200, 'some lines are bad');

  for (let round = 1; round <= ROUNDS; round++) {
    await t.test(`killed three times in the middle, round ${round}`, async (t) => {
      let killedWhileRunning = 0;
      const outcome = await run(t, {
        body: fileOf(LINES),
        async disturb(service, execution) {
          for (const part of [0.05, 0.35, 0.65]) {
            await untilDone(service, { execution, commands: (part + Math.random() * 0.25) * LINES });
            await sleep(Math.random() * 30);
            const { status } = await getExecution(service, execution);
            if (status === 'RUNNING') killedWhileRunning += 1;
            await service.kill();
            await service.restart();
          }
        },
      });
      assert.ok(killedWhileRunning >= 2, `killed in the middle ${killedWhileRunning} times`);
      assertSame(outcome, undisturbed);
    });
  }

  await t.test('killed as soon as the upload is answered', async (t) => {
    const outcome = await run(t, {
      body: fileOf(LINES),
      async disturb(service) {
        await service.kill();
        await service.restart();
      },
    });
    assertSame(outcome, undisturbed);
  });

  await t.test('killed again and again while it starts', async (t) => {
    const outcome = await run(t, {
      body: fileOf(LINES),
      async disturb(service) {
        for (let i = 0; i < 4; i++) {
          await service.kill();
          await service.restart();
          await sleep(Math.random() * 100);
        }
      },
    });
    assertSame(outcome, undisturbed);
  });

  await t.test('asked to end in the middle: it ends in order and goes on at the next start', async (t) => {
    const outcome = await run(t, {
      body: fileOf(LINES),
      async disturb(service, execution) {
        await untilDone(service, { execution, commands: 0.2 * LINES });
        assert.equal(await service.terminate(), 0, 'exit code');
        await service.restart();
        const { status, result } = await getExecution(service, execution);
        assert.ok(!hasEnded(status), `it was ${status} already`);
        assert.ok(result.total_success > 0.1 * LINES, 'what was applied before is kept');
      },
    });
    assertSame(outcome, undisturbed);
  });

  await t.test('canceled in the middle: what was applied stays, and is what its counts say', async (t) => {
    const canceled = await run(t, {
      body: fileOf(LINES),
      async disturb(service, execution) {
        await untilDone(service, { execution, commands: 0.3 * LINES });
        const { datamart_id, document_import_id } = execution.parameters;
        const path = executionsPath({
          datamartId: String(datamart_id),
          documentImportId: String(document_import_id),
        });
        const answer = await service.call('POST', `${path}/${execution.id}/action`, { action: 'CANCEL' });
        assert.equal(answer.status, 200, answer.text);
      },
    });
    assert.equal(canceled.status, 'CANCELED');
    const done = Number(canceled.counts.total_success) + Number(canceled.counts.total_failure);
    assert.ok(done > 0 && done < LINES, `${done} commands were done`);
    const body = fileOf(LINES).split('\n').slice(0, done).join('\n');
    const asMany = await run(t, { body, disturb: async () => undefined });
    // Why the last line is wrong can differ: in one of the two files it is followed by another.
    assert.deepEqual(
      readErrorFile('NDJSON', canceled.errors).map(({ line, code }) => ({ line, code })),
      readErrorFile('NDJSON', asMany.errors).map(({ line, code }) => ({ line, code })),
    );
    assert.deepEqual({ ...canceled, status: '', errors: '' }, { ...asMany, status: '', errors: '' });
  });

  await t.test(
    'killed with a cancel asked for: the error file holds what was counted, no more',
    async (t) => {
      const canceled = await run(t, {
        body: fileOf(LINES),
        disturb: async (service, execution) => {
          await untilDone(service, { execution, commands: LINES / 4 });
          const documentImportId = String(execution.parameters.document_import_id);
          const path = executionsPath({ datamartId: '1', documentImportId });
          const asked = service.call('POST', `${path}/${execution.id}/action`, { action: 'CANCEL' });
          assert.equal((await asked).status, 200);
          await service.kill();
          await service.restart();
        },
      });
      assert.equal(canceled.status, 'CANCELED');
      assert.equal(readErrorFile('NDJSON', canceled.errors).length, canceled.counts.total_failure);
    },
  );
});

/** Imports a file in a process of its own, `disturb` it meanwhile, and tells what came of it. */
async function run(
  t: TestContext,
  of: {
    body: string;
    disturb: (service: ServiceProcess, execution: ExecutionAnswer) => Promise<void>;
  },
): Promise<Outcome> {
  const service = await startProcess(t, ENV);
  for (let i = 0; i < SEGMENTS; i++) await createSegment(service, { name: `segment ${i}` });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const execution = await upload(service, {
    datamartId: '1',
    documentImportId,
    format: 'NDJSON',
    body: of.body,
  });
  await of.disturb(service, execution);
  const ended = await waitForEnd(service, execution, 120_000);
  const outcome = await outcomeOf(service, ended);
  await service.kill();
  return outcome;
}

/** The first segments of a fresh store have the first ids. */
function segmentIds(): string[] {
  return Array.from({ length: SEGMENTS }, (_, index) => String(index + 1));
}

function fileOf(lines: number): string {
  const workload: Workload = {
    format: 'NDJSON',
    lines,
    users: USERS,
    segmentIds: segmentIds(),
    badPerMille: 10,
    seed: 7,
  };
  const file = [...generate(workload)].join('');
  return file.replaceAll(/.*\n/g, (line, offset: number) => withOddities(line, offset));
}

/** A line that is warned of, now and then; new names come for as long as a file has. */
function withOddities(line: string, offset: number): string {
  if (offset % 997 === 5) return line.replace(/\}\n$/, `,"extra_${offset}":1}\n`);
  return offset % 499 === 3 ? line.replace(/"user_account_id":"[^"]*/, '$& ') : line;
}

async function untilDone(
  client: Client,
  of: { execution: ExecutionAnswer; commands: number },
): Promise<void> {
  for (;;) {
    const { status, completed_tasks } = await getExecution(client, of.execution);
    if (hasEnded(status) || (completed_tasks ?? 0) >= of.commands) return;
    await sleep(3);
  }
}

async function outcomeOf(client: Client, execution: ExecutionAnswer): Promise<Outcome> {
  const startDate = execution.start_date ?? 0;
  const users: unknown[] = [];
  for (let number = 0; number < USERS; number += Math.floor(USERS / SAMPLE)) {
    const memberships = await membershipsOf(client, `user_account_id=${userId(number)}`);
    users.push(
      memberships?.map((membership) => ({
        segment: membership.segment_id,
        created: membership.creation_ts - startDate,
        modified: membership.last_modified_ts - startDate,
        expires: membership.expiration_ts === null ? null : membership.expiration_ts - startDate,
        dataBag: membership.data_bag,
      })) ?? null,
    );
  }
  const segments: unknown[] = [];
  for (const id of segmentIds()) {
    const { user_points_count, user_accounts_count } = await getSegment(client, id);
    segments.push({ id, user_points_count, user_accounts_count });
  }
  const { input_file_uri, input_file_bytes, error_file_uri, ...counts } = execution.result;
  assert.equal(typeof input_file_uri, 'string');
  assert.equal(typeof error_file_uri, 'string');
  const { datamart_id, document_import_id } = execution.parameters;
  const path = executionsPath({
    datamartId: String(datamart_id),
    documentImportId: String(document_import_id),
  });
  const warnings = await dataOf<unknown[]>(
    client.call('GET', `${path}/${execution.id}/warnings?max_results=1000`),
  );
  assert.ok(warnings.length > 20, 'lines of two codes are warned of');
  const errors = await errorFile(client, execution);
  return { status: execution.status, counts, errors, warnings, segments, users };
}

function assertSame(actual: Outcome, expected: Outcome): void {
  assert.ok(actual.errors === expected.errors, 'the error file is another one');
  assert.deepEqual({ ...actual, errors: '' }, { ...expected, errors: '' });
}
