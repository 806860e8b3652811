import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createImport, createSegment, upload, waitForEnd } from './client.ts';
import { startProcess } from './process.ts';

/** More than are parsed where they are. */
const LINES = 20_000;

test('every thread of the service gives way to the event loop, those that came later too', {
  skip: process.platform !== 'linux' && 'only Linux gives threads a priority of their own',
}, async (t) => {
  const service = await startProcess(t);
  const own = nicenessOf(service.pid(), service.pid());
  await untilNicer(service.pid(), own);
  const threads = threadsOf(service.pid()).length;

  const segmentId = await createSegment(service, { name: 'segment' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const line = { operation: 'UPDATE', user_account_id: 'a', segment_id: segmentId, expiration_duration: 0 };
  const body = `${JSON.stringify(line)}\n`.repeat(LINES);
  const file = { datamartId: '1', documentImportId, format: 'NDJSON', body } as const;
  await waitForEnd(service, await upload(service, file));
  assert.ok(threadsOf(service.pid()).length > threads, 'the thread that parses has come');
  await untilNicer(service.pid(), own);
  assert.equal(nicenessOf(service.pid(), service.pid()), own);
});

/** A thread that is starting is as nice as the one that starts it until it is there. */
async function untilNicer(pid: number, own: number): Promise<void> {
  for (let tries = 0; tries < 100 && othersOf(pid).join() !== String(own + 5); tries++) await sleep(50);
  assert.deepEqual(othersOf(pid), [own + 5]);
}

/** The nicenesses of all threads of a process but its first, each once. */
function othersOf(pid: number): readonly number[] {
  const others = threadsOf(pid).filter((thread) => thread !== pid);
  return [...new Set(others.map((thread) => nicenessOf(pid, thread)))];
}

function threadsOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number);
}

function nicenessOf(pid: number, thread: number): number {
  const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
  // behind the name, which is in parentheses, the fields begin with the third: niceness is the 19th
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}
