import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { getExecution, waitForEnd } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { startService } from '../helper.ts';
import { serve } from '../process.ts';
import { createWorld, type Executed } from './world.ts';

const HANDLES = 200;
const MIB = 1024 * 1024;

test('file handles that are used up: 503 where one is needed, and on it goes when there are some', async (t) => {
  try {
    execFileSync('prlimit', ['--version']);
  } catch {
    t.skip('prlimit (util-linux) is not on this machine');
    return;
  }
  const data = await makeFolder();
  t.after(() => discardFolder(t, data));
  const launcher = ['prlimit', `--nofile=${HANDLES}:${HANDLES}`];
  const service = await serve(data, { MUSTER_LOG_LEVEL: 'silent' }, { launcher });
  t.after(service.kill);
  const world = await createWorld(service);
  const first = await world.send(1_000);
  const executed: Executed[] = [{ sent: first, ended: await waitForEnd(service, first.execution) }];

  const sockets = await connectAll(service.baseUrl);
  const handles = readdirSync(`/proc/${service.pid()}/fd`).length;
  assert.ok(handles >= HANDLES - 2, `${handles} of ${HANDLES} handles are in use`);
  const body = world.nextFile(10);
  const [lookUp = '', refusal = ''] = [
    await ask(sockets, service, 'GET', '/v1/datamarts/1/user_segments/user_account_id=file-1-user-1'),
    await ask(sockets, service, 'POST', world.path, body),
  ];
  assert.match(lookUp, /^HTTP\/1\.1 200 /, 'what is open is served');
  assert.match(refusal, /^HTTP\/1\.1 503 /);
  assert.match(refusal, /"error_code":"OVERLOADED"/);
  assert.match(refusal, /retry-after: \d/i);
  for (const socket of sockets) socket.destroy();
  while (readdirSync(`/proc/${service.pid()}/fd`).length > HANDLES / 2) await sleep(10);
  const second = await world.send(1_000);
  executed.push({ sent: second, ended: await waitForEnd(service, second.execution) });
  await world.check(executed);
});

test('a database without memory: what is running waits until there is some, what comes is answered 503', async (t) => {
  const service = await startService(t, {
    ...{ databaseMemory: 64 * MIB, databaseThreads: 1, chunkRows: 500, retryMs: 100 },
  });
  const world = await createWorld(service);
  const sent = await world.send(10_000);
  while (((await getExecution(service, sent.execution)).completed_tasks ?? 0) === 0) await sleep(2);
  const connection = await service.store.staging.connect();
  // otherwise it writes to the disk what it cannot hold
  await connection.run(`set max_temp_directory_size = '0KiB'`);
  await connection.run('create table staging.main.hoard (value varchar)');
  const hoard = 'insert into staging.main.hoard select md5(cast(range as varchar)) from range(20000)';
  await assert.rejects(async () => {
    for (;;) await connection.run(hoard);
  }, /Out of Memory Error|failed to offload data block/);
  for (let i = 0; i < 5; i++) {
    const answer = await service.call('POST', world.path, world.nextFile(0), {
      'content-type': 'application/x-ndjson',
    });
    assert.ok(
      ['EMPTY_FILE', 'OVERLOADED'].some((code) => answer.text.includes(code)),
      answer.text,
    );
    await sleep(100);
  }
  await connection.run('drop table staging.main.hoard');
  connection.closeSync();
  await world.check([{ sent, ended: await waitForEnd(service, sent.execution) }]);
});

/** Opens connections until the service takes no more. */
async function connectAll(baseUrl: string): Promise<net.Socket[]> {
  const { hostname, port } = new URL(baseUrl);
  const open = new Set<net.Socket>();
  for (let i = 0; i < HANDLES; i++) {
    const socket = net.connect(Number(port), hostname);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    open.add(socket);
    await once(socket, 'connect').catch(() => undefined);
  }
  await sleep(200);
  return [...open];
}

/** Sends a request over the first of the connections that are open, and takes it from them. */
async function ask(
  sockets: net.Socket[],
  service: { readonly token: string },
  method: string,
  url: string,
  body = '',
): Promise<string> {
  const socket = sockets.shift();
  assert.ok(socket, 'no connection was taken');
  const headers = `Host: a\r\nAuthorization: ${service.token}\r\nContent-Type: application/x-ndjson`;
  socket.write(`${method} ${url} HTTP/1.1\r\n${headers}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  sockets.push(socket);
  return answer.toString('latin1');
}
