/**
 * Makes the fixture of the present schema version: `node --import tsx test/store/make-fixture.ts`.
 * To be run before a migration is added: upgrades are tested from what earlier versions wrote, as
 * the backup of a service at work.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { readConfig } from '../../src/config.ts';
import { startService } from '../../src/service.ts';
import {
  ADMIN_TOKEN,
  clientOf,
  createImport,
  createSegment,
  dataOf,
  getExecution,
  runFile,
  upload,
} from '../client.ts';

const data = await mkdtemp(path.join(os.tmpdir(), 'muster-fixture-'));
const settings = { data, port: '0', 'log-level': 'silent', 'admin-token': ADMIN_TOKEN, 'chunk-rows': '100' };
const service = await startService(readConfig(settings, {}));
const client = clientOf(service.url, ADMIN_TOKEN);
const line = (of: object) => `${JSON.stringify({ operation: 'UPDATE', expiration_ts: 0, ...of })}\n`;

const segmentId = await createSegment(client, { name: 'vip', technical_name: 'vip' });
await dataOf(client.call('POST', '/v1/datamarts', { name: 'second' }));
await dataOf(client.call('POST', '/v1/api_tokens', { name: 'upload', role: 'editor', datamart_ids: null }));
await runFile(
  client,
  'NDJSON',
  line({ user_account_id: 'u1', segment_id: segmentId, data_bag: { tier: 'gold' } }) +
    line({ email_hash: 'h1', segment_id: segmentId }) +
    line({ email_hash: 'erased', segment_id: segmentId }) +
    line({ user_account_id: 'u2', segment_id: '99' }) +
    line({ user_account_id: 'odd ', segment_id: segmentId }),
);
await dataOf(client.call('DELETE', '/v1/datamarts/1/user_points/email_hash=erased'));

const documentImportId = await createImport(client, { format: 'CSV' });
const rows = Array.from(
  { length: 20_000 },
  (_, i) => `UPDATE,c${i % 5_000},${i % 100 === 0 ? 99 : segmentId},0`,
);
const body = `operation,user_account_id,segment_id,expiration_ts\n${rows.join('\n')}\n`;
const running = await upload(client, { datamartId: '1', documentImportId, format: 'CSV', body });
while (((await getExecution(client, running)).completed_tasks ?? 0) < 1_000);

const answer = await fetch(`${service.url}/v1/backup`, { headers: { authorization: ADMIN_TOKEN } });
const backup = Buffer.from(await answer.arrayBuffer());
const version = /"schema_version":(\d+)/.exec(backup.toString('latin1'))?.[1];
const status = (await getExecution(client, running)).status;
if (status !== 'RUNNING') throw new Error(`the execution was to be half done, it is ${status}`);
await writeFile(new URL(`./fixtures/version-${version}.tar.gz`, import.meta.url), gzipSync(backup));
await service.close();
await rm(data, { recursive: true });
