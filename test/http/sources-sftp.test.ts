import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import ssh from 'ssh2';
import { startService } from '../helper.ts';
import { makeKey, startSshd } from '../sources/sftp-server.ts';
import {
  briefly,
  executionsOf,
  filesOf,
  folderFor,
  getSource,
  nameOf,
  openImport,
  putSource,
  runSource,
  sourcePath,
  testSource,
} from '../sources/source-world.ts';
import { refused } from './refusals.ts';

const NEAR = { sourceHosts: ['127.0.0.1'], sourceSettleMs: 300, sourceRetryMs: 200 } as const;

async function open(t: TestContext) {
  const server = await startSshd(t);
  const service = await startService(t, { ...NEAR, sourceKey: randomBytes(32).toString('base64') });
  const source = {
    ...{ kind: 'SFTP', host: '127.0.0.1', port: server.port, user: server.user, folder: server.folder },
    credentials: { private_key: server.privateKey },
  };
  return { server, service, source, ...(await openImport(service)) };
}

test('files of an SFTP server are taken once, and then left, moved or deleted', async (t) => {
  const { server, service, source, importId, line } = await open(t);
  const put = (name: string, body: string | Buffer) => writeFile(path.join(server.folder, name), body);
  await put('a.ndjson.gz', gzipSync(line('a') + line('a2')));
  await put('b ü.ndjson', line('b'));
  await mkdir(path.join(server.folder, 'folder.ndjson'));
  await symlink('/etc/passwd', path.join(server.folder, 'link.ndjson'));
  await putSource(service, importId, source);
  const told = await testSource(service, importId);
  assert.equal(told.connected, true, told.error ?? '');
  assert.deepEqual(
    [...told.files]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, would_be_taken }) => [name, would_be_taken]),
    [
      ['a.ndjson.gz', true],
      ['b ü.ndjson', true],
      ['link.ndjson', false],
    ],
  );
  const first = await runSource(service, importId);
  assert.deepEqual([first.error, first.files_taken], [null, 2]);
  assert.equal((await runSource(service, importId)).files_taken, 0);
  const { credentials: _, ...same } = source;
  await putSource(service, importId, { ...same, after: 'move' });
  await put('b ü.ndjson', line('b2'));
  await utimes(path.join(server.folder, 'b ü.ndjson'), 1_700_000_000, 1_700_000_000);
  assert.equal((await runSource(service, importId)).error, null);
  const executions = await executionsOf(service, importId);
  assert.deepEqual(executions.map(nameOf), ['a.ndjson', 'b ü.ndjson', 'b ü.ndjson']);
  assert.deepEqual(await readdir(path.join(server.folder, 'taken')), [`${executions[2]?.id}-b ü.ndjson`]);
  await putSource(service, importId, { ...same, after: 'delete' });
  await put('c.ndjson', line('c'));
  await runSource(service, importId);
  assert.deepEqual((await readdir(server.folder)).sort(), [
    'a.ndjson.gz',
    'folder.ndjson',
    'link.ndjson',
    'taken',
  ]);
  assert.deepEqual(briefly(await filesOf(service, importId)), [
    'a.ndjson.gz TAKEN',
    'b ü.ndjson TAKEN',
    'b ü.ndjson TAKEN',
    'c.ndjson TAKEN',
  ]);
});

test('the host key of the first connection is expected from then on, and nothing is sent to another', async (t) => {
  const { server, service, source, importId, line } = await open(t);
  await writeFile(path.join(server.folder, 'a.ndjson'), line('a'));
  await putSource(service, importId, source);
  assert.equal((await getSource(service, importId)).known_host_key, null);
  assert.equal((await testSource(service, importId)).host_key, server.hostKey);
  assert.equal((await getSource(service, importId)).known_host_key, server.hostKey);
  const other = await server.changeHostKey();
  const run = await runSource(service, importId);
  assert.equal(
    run.error,
    `the host key of the server is ${other}, expected ${server.hostKey}: if that is right, set it as host_key`,
  );
  // whoever names another key leads elsewhere, and must know the credentials
  const { credentials, ...same } = source;
  const pinned = { ...same, host_key: other };
  assert.match(
    await refused(service.call('PUT', sourcePath(importId), pinned), 400, 'INVALID_REQUEST'),
    /given again/,
  );
  await putSource(service, importId, { ...pinned, credentials });
  assert.equal((await runSource(service, importId)).files_taken, 1);
  await putSource(service, importId, { ...pinned, host_key: server.hostKey, credentials });
  assert.match((await runSource(service, importId)).error ?? '', /^the host key of the server is/);
});

test('a file that grows waits, whatever the clock of the server says of it', async (t) => {
  const { server, service, source, importId, line } = await open(t);
  const file = path.join(server.folder, 'growing.ndjson');
  await writeFile(file, line('u0'));
  await putSource(service, importId, source);
  let isWriting = true;
  let lines = 1;
  const writing = (async () => {
    while (isWriting) {
      await appendFile(file, line(`u${lines++}`));
      await utimes(file, 1_600_000_000, 1_600_000_000);
      await sleep(50);
    }
  })();
  assert.equal((await runSource(service, importId)).files_taken, 0);
  isWriting = false;
  await writing;
  assert.equal((await runSource(service, importId)).files_taken, 1);
  assert.equal((await executionsOf(service, importId))[0]?.result.total_success, lines);
});

test('why a server lets nobody in is told, and a key may have a passphrase', async (t) => {
  const { server, service, source, importId, line } = await open(t);
  await writeFile(path.join(server.folder, 'a.ndjson'), line('a'));
  const told = async (more: object) => {
    await putSource(service, importId, { ...source, ...more });
    return (await testSource(service, importId)).error;
  };
  const other = path.join(await folderFor(t), 'other');
  makeKey(other);
  assert.equal(
    await told({ credentials: { private_key: await readFile(other, 'utf8') } }),
    'the server refuses the credentials',
  );
  assert.match(
    (await told({ credentials: { private_key: 'no key' } })) ?? '',
    /^the private key cannot be read/,
  );
  assert.match(
    (await told({ credentials: { private_key: server.closedKey } })) ?? '',
    /^the private key cannot be read/,
  );
  const opened = { private_key: server.closedKey, passphrase: 'open sesame' };
  assert.equal(await told({ credentials: opened }), null);
  assert.equal(await told({ folder: `${server.folder}/none` }), 'the folder is not there');
  assert.equal(await told({ port: 1, credentials: null }), 'the connection was refused');
});

test('a password is sent as one, or as the answer to a question', async (t) => {
  const service = await startService(t, { ...NEAR, sourceKey: randomBytes(32).toString('base64') });
  const { importId } = await openImport(service);
  for (const method of ['password', 'keyboard-interactive'] as const) {
    const port = await startPasswordServer(t, method);
    const source = { kind: 'SFTP', host: '127.0.0.1', port, user: 'u' };
    await putSource(service, importId, { ...source, credentials: { password: 'right' } });
    assert.deepEqual((await testSource(service, importId)).error, null, method);
    await putSource(service, importId, { ...source, credentials: { password: 'wrong' } });
    assert.equal((await testSource(service, importId)).error, 'the server refuses the credentials', method);
  }
});

/** A server that knows one password, by one method, and has an empty folder. */
async function startPasswordServer(
  t: TestContext,
  method: 'password' | 'keyboard-interactive',
): Promise<number> {
  const key = path.join(await folderFor(t), 'host');
  makeKey(key);
  const server = new ssh.Server({ hostKeys: [await readFile(key)] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (asked) => {
      if (asked.method !== method) return asked.reject([method]);
      if (asked.method === 'password') return asked.password === 'right' ? asked.accept() : asked.reject();
      if (asked.method === 'keyboard-interactive')
        asked.prompt([{ prompt: 'Password:', echo: false }], ([answer]) =>
          answer === 'right' ? asked.accept() : asked.reject(),
        );
    });
    client.on('session', (accept) => {
      accept().on('sftp', (acceptSftp) => {
        const sftp = acceptSftp();
        sftp.on('OPENDIR', (id) => sftp.handle(id, Buffer.from('h')));
        sftp.on('READDIR', (id) => sftp.status(id, ssh.utils.sftp.STATUS_CODE.EOF));
        sftp.on('CLOSE', (id) => sftp.status(id, ssh.utils.sftp.STATUS_CODE.OK));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}
