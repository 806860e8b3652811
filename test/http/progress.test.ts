import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEvents } from '../../src/events.ts';
import { createEventStreams } from '../../src/http/executions/event-streams.ts';
import { viewExecution } from '../../src/http/executions/view.ts';
import { createProgressBoard } from '../../src/progress-board.ts';
import type { Store } from '../../src/store/store.ts';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  getExecution,
  upload,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { appOver } from './app-over.ts';
import { holdExecution } from './held-execution.ts';

type Progress = {
  readonly phase: string;
  readonly step: 'READING' | 'MERGING' | null;
  readonly bytes_read: number;
  readonly bytes_total: number;
  readonly commands_read: number;
  readonly commands_per_second: number | null;
};
type Seen = Omit<ExecutionAnswer, 'progress'> & { readonly progress?: Progress };

/** Less than a chunk, and long enough to be seen while it is read. */
const LINES = 200_000;

test('the progress of a file of one chunk is that of its lines as they are read, and then of the merge', async (t) => {
  const service = await startService(t);
  // over PostgreSQL the first chunks are small
  const isOneChunk = service.store.firstChunkShare === 1;
  const segment = await createSegment(service, { name: 'progress' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const body = Array.from(
    { length: LINES },
    (_, at) =>
      `{"operation":"UPDATE","user_account_id":"u${at}","segment_id":"${segment}","expiration_duration":0}\n`,
  ).join('');
  const of = { datamartId: '1', documentImportId, format: 'NDJSON', body } as const;

  for (const query of ['', 'dry_run=true', 'mode=replace&max_shrink_ratio=1']) {
    const execution = await upload(service, { ...of, query });
    const writes = watchCheckpoints(service, execution.id);
    const seen = await follow(service, `${executionsPath(of)}/${execution.id}/events`);
    assert.equal(seen.at(-1)?.status, 'SUCCEEDED');
    const running = seen.flatMap(({ progress }) => (progress === undefined ? [] : [progress]));
    const reading = running.filter(({ step }) => step === 'READING');
    assert.ok(
      reading.some(({ bytes_read, bytes_total }) => bytes_read > 0 && bytes_read < bytes_total),
      `${query}: it is seen while it is read: ${JSON.stringify(running)}`,
    );
    const bytes = reading.map(({ bytes_read }) => bytes_read);
    assert.deepEqual(
      bytes,
      [...bytes].sort((a, b) => a - b),
      query,
    );
    const merging = running.filter(({ step }) => step === 'MERGING');
    assert.ok(merging.length > 0, `${query}: it is seen while it is merged`);
    const ofWhole = isOneChunk ? merging : merging.slice(-1);
    for (const { bytes_read, bytes_total, commands_read } of ofWhole) {
      assert.equal(bytes_read, bytes_total);
      assert.equal(commands_read, LINES);
    }
    for (const { commands_read, commands_per_second, step } of running) {
      assert.notEqual(commands_per_second, 0, 'what is not known is not said to be 0');
      assert.equal(step === null, commands_read === 0, 'what it does is known once it has read something');
    }
    // what was told of it between was written nowhere
    const between = (await writes()).filter((offset) => offset !== 0 && offset !== body.length);
    if (isOneChunk) assert.deepEqual(between, []);
  }
});

test('what a run has read is shown wherever its execution is shown, and gone with its end', async (t) => {
  const service = await startService(t);
  const segment = await createSegment(service, { name: 'progress' });
  const documentImportId = await createImport(service, { format: 'CSV' });
  const rows = Array.from({ length: LINES }, (_, at) => `UPDATE,u${at},${segment},0\n`);
  const body = `operation,user_account_id,segment_id,expiration_duration\n${rows.join('')}`;
  const of = { datamartId: '1', documentImportId, format: 'CSV', body } as const;
  const execution = await upload(service, of);
  const views = {
    one: () => getExecution(service, execution) as Promise<unknown>,
    alone: () => dataOf(service.call('GET', `/v1/datamarts/1/executions/${execution.id}`)),
    list: async () => (await dataOf<readonly unknown[]>(service.call('GET', executionsPath(of))))[0],
    datamart: async () =>
      (await dataOf<readonly unknown[]>(service.call('GET', '/v1/datamarts/1/executions')))[0],
    import: async () => {
      const path = '/v1/datamarts/1/document_imports?last_execution=true';
      const [first] = await dataOf<readonly { last_execution: unknown }[]>(service.call('GET', path));
      return first?.last_execution;
    },
  };
  const shown = new Set<string>();
  for (let isOver = false; !isOver; )
    for (const [name, view] of Object.entries(views)) {
      const { progress, status } = (await view()) as Seen;
      if ((progress?.commands_read ?? 0) > 0) shown.add(name);
      isOver ||= status === 'SUCCEEDED';
      if (status === 'SUCCEEDED') assert.equal(progress, undefined);
    }
  assert.deepEqual([...shown].sort(), Object.keys(views).sort());
});

/** Held executions have files of one byte. */
const READ = { step: 'READING', bytes: 1, commands: 1 } as const;

test('a run that ends while the store answers is not told to be further back than before', async (t) => {
  const service = await startService(t);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const of = { datamartId: '1', documentImportId };
  const { execution, end } = await holdExecution(service, documentImportId);
  const { id } = execution;
  const progress = createProgressBoard(() => undefined);
  /** What the store answers, told after the run has ended. */
  const late =
    <Of extends unknown[], T>(read: (...of: Of) => Promise<T>) =>
    async (...of: Of) => {
      const answer = await read(...of);
      progress.forget(id);
      return answer;
    };
  const { executions } = service.store;
  const store: Store = {
    ...service.store,
    executions: {
      ...executions,
      get: late(executions.get),
      list: late(executions.list),
      listLast: late(executions.listLast),
    },
  };
  const app = await appOver(t, service, { store, progress });
  const bytesAt = async (url: string) => {
    progress.note(id, READ);
    const answer = await app.inject({ url, headers: { authorization: service.token } });
    assert.equal(answer.statusCode, 200, answer.body);
    const [bytes, ...more] = [...answer.body.matchAll(/"bytes_read":(\d+)/g)].map((found) =>
      Number(found[1]),
    );
    assert.deepEqual(more, []);
    return bytes;
  };
  for (const url of [
    `${executionsPath(of)}/${id}`,
    executionsPath(of),
    `/v1/datamarts/1/executions/${id}`,
    '/v1/datamarts/1/executions',
    '/v1/datamarts/1/document_imports?last_execution=true',
  ])
    assert.equal(await bytesAt(url), READ.bytes, url);

  progress.note(id, READ);
  const streams = createEventStreams({
    ...{ store, progress, events: createEvents(), clock: Date.now, pollMs: 10 },
    ...{ maxEventStreams: 1, maxEventStreamsPerToken: 1 },
  });
  t.after(() => streams.close());
  const gone = new AbortController();
  const stream = streams.open(execution, { tokenId: '1', lastEventId: null, gone: gone.signal });
  for await (const event of stream ?? []) {
    if (!String(event).includes('data: ')) continue;
    assert.match(String(event), /"bytes_read":1,/);
    gone.abort();
  }
  await end();
});

test('a checkpoint that is further than what is known of the run is what is told', async (t) => {
  const service = await startService(t);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const { execution, end } = await holdExecution(service, documentImportId);
  const found = (await service.store.executions.get(execution.id)) ?? assert.fail();
  const at = (offset: number) => {
    const { progress } = viewExecution(
      { ...found, checkpoint: { ...found.checkpoint, offset, successes: offset } },
      Date.now(),
      { live: { ...READ, bytes: 500, commands: 500 } },
    );
    return [progress?.bytes_read, progress?.commands_read];
  };
  assert.deepEqual(
    [at(0), at(499), at(501)],
    [
      [500, 500],
      [500, 500],
      [501, 501],
    ],
  );
  await end();
});

/** The offsets of the checkpoints that the store has, until the function is called. */
function watchCheckpoints({ store }: TestService, id: string): () => Promise<readonly number[]> {
  const offsets: number[] = [];
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      offsets.push((await store.executions.get(id))?.checkpoint.offset ?? -1);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return async () => {
    isOver = true;
    await watching;
    return offsets;
  };
}

/** All states that the events of an execution tell of. */
async function follow(service: TestService, path: string): Promise<readonly Seen[]> {
  const answer = await fetch(`${service.baseUrl}${path}`, { headers: { authorization: service.token } });
  assert.equal(answer.status, 200);
  return [...(await answer.text()).matchAll(/^data: (.*)$/gm)].map(
    ([, data = '']) => JSON.parse(data) as Seen,
  );
}
