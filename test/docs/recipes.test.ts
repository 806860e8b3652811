import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { makeSecret } from '../../src/model/webhook.ts';
import { signatureHeaders } from '../../src/webhooks/sign.ts';
import { NO_PROFILES } from '../cli/run.ts';
import { createSegment, dataOf, membershipsOf } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { parquetOf } from '../parquet.ts';
import { type ServiceProcess, startProcess } from '../process.ts';
import { startS3 } from '../s3.ts';
import { startSshd } from '../sources/sftp-server.ts';
import { blockIn, blocksOf } from './blocks.ts';

/*
 * The shell parts of the recipes run as they stand there, but for hosts, paths, and programs of
 * others, which have written their files already.
 */

const PROGRAM = path.resolve(import.meta.dirname, '../../dist/bin.cjs');
const exec = promisify(execFile);

type Place = {
  readonly service: ServiceProcess;
  readonly folder: string;
  readonly write: (name: string, content: string | Uint8Array) => Promise<void>;
  /** Runs a block in the folder, each of its lines to succeed; resolves to what it printed. */
  readonly run: (text: string, replaced?: Readonly<Record<string, string>>) => Promise<string>;
  readonly requireMembers: (users: readonly string[]) => Promise<void>;
};

async function open(t: TestContext, env: Readonly<Record<string, string>> = {}): Promise<Place> {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const key = randomBytes(32).toString('base64');
  const service = await startProcess(t, { MUSTER_SOURCE_KEY: key, MUSTER_SOURCE_SETTLE_MS: '100', ...env });
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const bin = path.join(folder, 'bin');
  await mkdir(path.join(bin), { recursive: true });
  await symlink(PROGRAM, path.join(bin, 'muster'));
  for (const other of ['bq', 'gcloud']) {
    await writeFile(path.join(bin, other), '#!/bin/sh\n');
    await chmod(path.join(bin, other), 0o755);
  }
  const surroundings = {
    ...{ HOME: folder, XDG_CONFIG_HOME: NO_PROFILES, PATH: `${bin}:${process.env.PATH}` },
    ...{ MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token },
  };
  return {
    ...{ service, folder },
    write: async (name, content) => {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), content);
    },
    run: async (text, replaced = {}) => {
      let script = text;
      for (const [from, to] of Object.entries(replaced)) {
        assert.ok(script.includes(from), `${from} is not in ${text}`);
        script = script.replaceAll(from, to);
      }
      const { stdout } = await exec('sh', ['-e', '-c', script], { cwd: folder, env: surroundings });
      return stdout;
    },
    requireMembers: async (users) => {
      for (const user of users)
        for (let tries = 0; (await membershipsOf(service, user))?.length !== 1; tries++) {
          assert.ok(tries < 600, `${user} is no member`);
          await sleep(50);
        }
    },
  };
}

/** The block of a page that holds a text. */
function blockWith(page: string, text: string): string {
  const [block, ...others] = blocksOf(page).filter((each) => each.text.includes(text));
  assert.ok(block !== undefined && others.length === 0, `one block with ${text} in docs/${page}`);
  return block.text;
}

const crm = (user: string) => `Customer ID;Email;Segment;Op;Expires\r\n${user};;vip;add;never\r\n`;

test('a CRM export, then an SFTP drop of the same', async (t) => {
  const server = await startSshd(t);
  const { write, run, requireMembers } = await open(t, { MUSTER_SOURCE_HOSTS: '127.0.0.1' });
  await write('crm.csv', crm('C-1'));
  await run(blockWith('recipes.md', 'imports map'));
  await requireMembers(['user_account_id=C-1']);
  await write('.ssh/muster', server.privateKey);
  await writeFile(path.join(server.folder, 'night.csv'), crm('C-2'));
  const printed = await run(blockWith('recipes.md', '"SFTP"'), {
    ...{ $SFTP_HOST: '127.0.0.1', $SFTP_USER: server.user, '"port": 22': `"port": ${server.port}` },
    '/outgoing': server.folder,
  });
  assert.match(printed, /night\.csv +\d+ B +yes/);
  assert.match(printed, /1 file taken, 0 refused/);
  await requireMembers(['user_account_id=C-2']);
});

test('unloads of Snowflake, from disk and from a bucket', async (t) => {
  const s3 = await startS3();
  t.after(() => s3.close());
  const endpoint = s3.env.AWS_ENDPOINT_URL_S3 ?? '';
  const { write, run, requireMembers } = await open(t, { MUSTER_SOURCE_HOSTS: new URL(endpoint).host });
  const part = (user: string) =>
    gzipSync(
      `"CUSTOMER_ID","EMAIL","SEGMENT_NAME","ACTION","EXPIRES_AT"\n"${user}",\\N,"vip","add",2030-12-31 06:00:00.000 Z\n`,
    );
  await write('data_0_0_0.csv.gz', part('S-1'));
  await write('data_0_1_0.csv.gz', part('S-2'));
  await run(blockWith('warehouses.md', 'imports map --yes --name snowflake'));
  await requireMembers(['user_account_id=S-1', 'user_account_id=S-2']);
  const bucket = s3.makeBucket();
  const Key = 'segments/data_0_2_0.csv.gz';
  await s3.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: part('S-3') }));
  await write('keys.json', '{"access_key_id": "test", "secret_access_key": "test"}');
  await run(blockWith('warehouses.md', '"S3"'), {
    '"bucket": "exports"': `"bucket": "${bucket}", "endpoint": "${endpoint}"`,
  });
  await requireMembers(['user_account_id=S-3']);
});

test('files of BigQuery and Spark', async (t) => {
  const { service, folder, write, run, requireMembers } = await open(t);
  const line = (id: string) =>
    `{"customer_id":"${id}","segments":["vip"],"valid_until":"2030-12-31 06:00:00 UTC"}\n`;
  await write('members-000000000000.json', line('1'));
  await write('members-000000000001.json', line('2'));
  await run(blockWith('warehouses.md', 'bq extract'));
  await requireMembers(['user_account_id=1', 'user_account_id=2']);
  const query = `select 'UPDATE' as operation, 'sp-1' as user_account_id, 'vip' as segment_technical_name, 0 as expiration_duration`;
  await write('segments/_SUCCESS', '');
  await write('segments/part-00000-a-c000.snappy.parquet', await parquetOf(query));
  const body = { name: 'warehouse', mime_type: 'APPLICATION_PARQUET' };
  await dataOf(service.call('POST', '/v1/datamarts/1/document_imports', body));
  await run(blockWith('warehouses.md', 'test -e'), { '/srv/exports': folder });
  await requireMembers(['user_account_id=sp-1']);
});

test('what Airflow runs, and the receiver that starts its next DAG once for each webhook', async (t) => {
  const { service, write, run, requireMembers } = await open(t);
  const command =
    /bash_command="(muster import --no-wait [^"]*)"/.exec(blockWith('airflow.md', '--no-wait'))?.[1] ?? '';
  await dataOf(
    service.call('POST', '/v1/datamarts/1/document_imports', {
      name: 'nightly',
      mime_type: 'APPLICATION_X_NDJSON',
    }),
  );
  await write(
    'day.ndjson',
    '{"operation":"UPDATE","user_account_id":"a","segment_technical_name":"vip","expiration_duration":0}\n',
  );
  await run(command, { '/srv/exports/segments-{{ ds }}.ndjson': 'day.ndjson' });
  await requireMembers(['user_account_id=a']);
  assert.match(await run(blockWith('airflow.md', 'webhooks create')), /whsec_/);

  const asked: unknown[] = [];
  let answer = 200;
  const airflow = createHttpServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    asked.push([request.url, request.headers.authorization, JSON.parse(text)]);
    response.writeHead(answer).end('{}');
  }).listen(0, '127.0.0.1');
  t.after(() => airflow.close());
  await once(airflow, 'listening');
  const secret = makeSecret();
  const port = await freePort();
  const child = spawn(process.execPath, ['--input-type=module', '-e', blockIn('airflow.md', 'js')], {
    env: {
      ...process.env,
      ...{ WEBHOOK_SECRET: secret, PORT: String(port), AIRFLOW_TOKEN: 'token' },
      AIRFLOW_URL: `http://127.0.0.1:${(airflow.address() as AddressInfo).port}`,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  t.after(() => child.kill());
  const event = { type: 'execution.succeeded', data: { execution_path: '/v1/x', erroneous_tasks: 0 } };
  const body = JSON.stringify(event);
  const send = async (key: string): Promise<number> => {
    const headers = signatureHeaders({ id: 'msg', body, at: Date.now() }, [key]);
    for (let tries = 0; ; tries++) {
      const found = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body }).catch(
        () => null,
      );
      if (found !== null) return found.status;
      assert.ok(tries < 500, 'it does not listen');
      await sleep(20);
    }
  };
  assert.equal(await send(makeSecret()), 400);
  assert.deepEqual(asked, []);
  for (const [status, expected] of [
    [200, 204],
    [409, 204],
    [500, 503],
  ] as const) {
    answer = status;
    assert.equal(await send(secret), expected);
  }
  const run1 = { dag_run_id: 'msg', logical_date: null, conf: event };
  assert.deepEqual(
    asked,
    [1, 2, 3].map(() => ['/api/v2/dags/segments_ended/dagRuns', 'Bearer token', run1]),
  );
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}
