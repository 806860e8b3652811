import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createImport,
  createSegment,
  type ExecutionAnswer,
  executionsPath,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { holdExecution } from './held-execution.ts';
import { missing, refused } from './refusals.ts';

type Event = { name: string; id: string; execution: ExecutionAnswer };

const lines = (segment: string, count: number) =>
  Array.from(
    { length: count },
    (_, at) =>
      `{"operation":"UPDATE","user_account_id":"u${at}","segment_id":"${segment}","expiration_duration":0}\n`,
  ).join('');

/** An import into a new segment, and a file for it. */
async function prepare(service: TestService, count: number) {
  const segment = await createSegment(service, { name: 'events' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const of = { datamartId: '1', documentImportId };
  const send = (query = '') =>
    upload(service, { ...of, format: 'NDJSON', body: lines(segment, count), query });
  /** Keeps what is uploaded waiting, until `end`. */
  const hold = () => holdExecution(service, documentImportId);
  return { send, hold, path: (id: string) => `${executionsPath(of)}/${id}/events` };
}

async function open(service: TestService, path: string, more: Record<string, string> = {}) {
  const stop = new AbortController();
  const answer = await fetch(`${service.baseUrl}${path}`, {
    headers: { authorization: service.token, ...more },
    signal: stop.signal,
  });
  return { answer, stop: () => stop.abort() };
}

/**
 * A stream on a connection of its own, which the function ends. `fetch` would open another
 * connection in its place.
 */
async function openBriefly(service: TestService, path: string): Promise<() => void> {
  const request = get(`${service.baseUrl}${path}`, {
    agent: false,
    headers: { authorization: service.token },
  });
  const [answer] = await once(request, 'response');
  assert.equal(answer.statusCode, 200);
  return () => request.destroy();
}

async function* eventsOf(answer: Response): AsyncGenerator<Event> {
  let text = '';
  const decoder = new TextDecoder();
  assert.ok(answer.body);
  for await (const chunk of answer.body) {
    const blocks = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
      if (fields.data === undefined) continue;
      yield { name: fields.event, id: fields.id, execution: JSON.parse(fields.data) };
    }
  }
  assert.equal(text, '', 'the last event is whole');
}

async function all(answer: Response): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of eventsOf(answer)) events.push(event);
  return events;
}

test('an execution tells of its progress, and once of its end', async (t) => {
  const service = await startService(t, { chunkRows: 500 });
  const { send, path } = await prepare(service, 20_000);
  const execution = await send();
  const { answer } = await open(service, path(execution.id));
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.ok(answer.headers.get('x-request-id'));
  const events = await all(answer);
  assert.deepEqual(
    events.map(({ name }) => name),
    [...events.slice(1).map(() => 'progress'), 'end'],
  );
  assert.ok(events.length > 2, `${events.length} events`);
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length, 'each state once');
  const done = events.map((event) => event.execution.completed_tasks ?? 0);
  assert.deepEqual(
    done,
    [...done].sort((a, b) => a - b),
  );
  assert.deepEqual(events.at(-1)?.execution, await waitForEnd(service, execution));

  // who comes later is told of the end at once, and who knows it of nothing more
  const end = events.at(-1)?.id ?? '';
  const late = await all((await open(service, path(execution.id))).answer);
  assert.deepEqual(
    late.map(({ name, id }) => [name, id]),
    [['end', end]],
  );
  const again = await open(service, path(execution.id), { 'last-event-id': end });
  assert.equal(again.answer.status, 204);
});

test('what is checked as a whole shows how far that is, before any of it is applied', async (t) => {
  const service = await startService(t, { chunkRows: 500 });
  const { send, hold, path } = await prepare(service, 30_000);
  for (const query of ['dry_run=true', 'mode=replace&max_shrink_ratio=1', 'max_failure_ratio=0']) {
    // reading alone is so quick that it might be over before anybody listens
    const isQuick = query === 'max_failure_ratio=0';
    const held = isQuick ? await hold() : null;
    const execution = await send(query);
    const { answer } = await open(service, path(execution.id));
    await held?.end();
    const events = await all(answer);
    const checking = events.filter((event) => event.execution.progress?.phase === 'CHECKING');
    const read = checking.map(({ execution }) => execution.progress?.bytes_read ?? 0);
    assert.ok(new Set(read).size >= (isQuick ? 1 : 2), `${query}: ${read}`);
    assert.deepEqual(
      read,
      [...read].sort((a, b) => a - b),
    );
    for (const { execution } of checking) assert.equal(execution.completed_tasks, 0);
    assert.equal(events.at(-1)?.execution.status, 'SUCCEEDED');
  }
});

test('who connects again is not told what it knows, and of the rest at once', async (t) => {
  const service = await startService(t);
  const { send, hold, path } = await prepare(service, 10);
  const held = await hold();
  const execution = await send();
  const first = await open(service, path(execution.id));
  const { value: seen } = await eventsOf(first.answer).next();
  assert.equal(seen?.execution.status, 'PENDING');
  first.stop();
  const second = await open(service, path(execution.id), { 'last-event-id': seen?.id ?? '' });
  const rest = all(second.answer);
  await held.end();
  await waitForEnd(service, execution);
  const endedAt = Date.now();
  const events = await rest;
  assert.ok(Date.now() - endedAt < 3_000, 'not by the slow look at the store');
  assert.equal(events.filter(({ id }) => id === seen?.id).length, 0);
  assert.equal(events.at(-1)?.execution.status, 'SUCCEEDED');
});

test('there are so many streams and no more, until a client goes away', async (t) => {
  const service = await startService(t, { maxEventStreams: 2 });
  const { send, hold, path } = await prepare(service, 1);
  await hold();
  const execution = await send();
  await open(service, path(execution.id));
  const goAway = await openBriefly(service, path(execution.id));
  const one = service.call('GET', path(execution.id));
  assert.match(await refused(one, 503, 'OVERLOADED'), /2 event streams/);
  goAway();
  for (let tries = 0; ; tries++) {
    const next = await open(service, path(execution.id));
    if (next.answer.status === 200) break;
    assert.ok(tries < 200, 'the place is not given back');
    await next.answer.text();
    await sleep(10);
  }
});

test('streams end when the service stops, and it waits for none', async (t) => {
  const service = await startService(t);
  const { send, hold, path } = await prepare(service, 1);
  await hold();
  const execution = await send();
  const { answer } = await open(service, path(execution.id));
  const ended = all(answer);
  await sleep(200);
  const stoppedAt = Date.now();
  await service.stop();
  assert.ok(Date.now() - stoppedAt < 4_000);
  // whether it comes to wait before or after it is asked for decides how often it is told of
  const names = new Set((await ended).map(({ name }) => name));
  assert.deepEqual([...names], ['progress']);
});

test('a user list has events too; what is not there has none', async (t) => {
  const service = await startService(t);
  const segment = await createSegment(service, { name: 'list' });
  const lists = `/v1/datamarts/1/audience_segments/${segment}/user_list_imports`;
  const answer = await service.call('POST', lists, 'user_account_id\na\n', { 'content-type': 'text/csv' });
  const { id } = (answer.json as { data: { id: string } }).data;
  const events = await all((await open(service, `${lists}/${id}/events`)).answer);
  assert.equal(events.at(-1)?.name, 'end');
  await missing(service.call('GET', `${lists}/404/events`));
  await missing(service.call('GET', `/v1/datamarts/1/document_imports/1/executions/${id}/events`));
});
