import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Mapping } from '../../src/model/mapping.ts';
import { muster } from '../cli/run.ts';
import {
  type Client,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  membershipsOf,
  runFile,
  waitForEnd,
} from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { type ServiceProcess, startProcess } from '../process.ts';
import {
  type SourceAnswer,
  type SourceFileAnswer,
  sourcePath,
  type TestAnswer,
} from '../sources/source-world.ts';
import { TOOL_FILES, type ToolFile } from './tool-files.ts';

/*
 * Files as well-known tools write them get in without a script: a mapping is suggested, and what no
 * column says is said once. By the command line, by the API and from a folder that the service
 * pulls, each into a datamart of its own.
 */

const SEGMENTS = ['vip', 'newsletter'];
const MIME_TYPE = {
  NDJSON: 'APPLICATION_X_NDJSON',
  CSV: 'TEXT_CSV',
  PARQUET: 'APPLICATION_PARQUET',
} as const;

type Door = {
  readonly t: TestContext;
  readonly service: ServiceProcess;
  readonly datamartId: string;
  /** Where the tool has written its files. */
  readonly folder: string;
};

test('files of eight tools get in by the command line, by the API and from a source', async (t) => {
  const root = await makeFolder();
  t.after(() => discardFolder(t, root));
  const service = await startProcess(t, { MUSTER_SOURCE_FOLDERS: root, MUSTER_SOURCE_SETTLE_MS: '200' });
  for (const [i, file] of TOOL_FILES.entries()) {
    const folder = path.join(root, String(i));
    await mkdir(folder);
    for (const [name, content] of Object.entries(file.files))
      await writeFile(path.join(folder, name), content);
    for (const [name, door] of Object.entries(DOORS))
      await t.test(`${file.tool} by ${name}`, async (t) => {
        const datamartId = await createDatamart(service, `${i} ${name}`);
        const executions = await door(file, { t, service, datamartId, folder });
        await requireOutcome(file, { service, datamartId, executions });
      });
  }
});

const DOORS: Readonly<Record<string, (file: ToolFile, door: Door) => Promise<readonly ExecutionAnswer[]>>> = {
  'the command line': byCommandLine,
  'the API': byApi,
  'a scheduled source': bySource,
};

async function createDatamart(client: Client, name: string): Promise<string> {
  const { id } = await dataOf<{ id: string }>(client.call('POST', '/v1/datamarts', { name }));
  for (const segment of SEGMENTS)
    await createSegment(client, { name: segment, technical_name: segment, datamart_id: id });
  return id;
}

async function byCommandLine(file: ToolFile, { service, datamartId, folder }: Door) {
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token, MUSTER_DATAMART: datamartId };
  const run = (...args: readonly string[]) => muster(args, { env, cwd: folder });
  // what a shell makes of *
  const all = Object.keys(file.files).filter((name) => !name.startsWith('.'));
  const data = all.filter((name) => file.noData?.[name] === undefined);
  const to = file.mapping === undefined ? ['--import', 'nightly'] : ['--mapping', '../mapping.json'];
  if (file.mapping === undefined) {
    const { segment, duration } = file.defaults;
    const said = [
      ...(segment === undefined ? [] : ['--segment', segment]),
      ...(duration === undefined ? [] : ['--duration', String(duration)]),
    ];
    const mapped = await run('imports', 'map', '--yes', '--name', 'nightly', ...said, data[0] as string);
    assert.equal(mapped.code, 0, mapped.stderr);
  } else await writeFile(path.join(folder, '../mapping.json'), JSON.stringify(file.mapping));
  const { code, stdout, stderr } = await run('import', '--json', '--errors', '../errors/', ...to, ...all);
  assert.equal(code, Object.keys(file.failures).length === 0 ? 0 : 2, stdout + stderr);
  for (const name of all.filter((each) => !data.includes(each)))
    assert.match(stderr, new RegExp(`${name}: skipped`));
  return listExecutions(service, datamartId);
}

async function byApi(file: ToolFile, { service, datamartId }: Door) {
  const documentImportId = await createMappedImport(service, datamartId, file);
  const executions: ExecutionAnswer[] = [];
  for (const [name, body] of dataOfTool(file))
    executions.push(
      await runFile(service, file.format, body, { datamartId, documentImportId }).catch((fault) =>
        assert.fail(`${name}: ${fault}`),
      ),
    );
  return executions;
}

async function bySource(file: ToolFile, { service, datamartId, folder }: Door) {
  const documentImportId = await createMappedImport(service, datamartId, file);
  const at = sourcePath(documentImportId, datamartId);
  const source = { kind: 'LOCAL', folder, schedule: { interval: 1_000 } };
  await dataOf(service.call('PUT', at, { ...source, enabled: false }));
  const { files } = await dataOf<TestAnswer>(service.call('POST', `${at}/test`));
  for (const { name, would_be_taken, reason } of files) {
    const why = file.noData?.[name];
    assert.equal(would_be_taken, why === undefined, `${name}: ${reason}`);
    if (why !== undefined) assert.match(reason, why);
  }
  assert.equal(files.length, Object.keys(file.files).length);
  await dataOf(service.call('PUT', at, source));
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { last_run: run } = await dataOf<SourceAnswer>(service.call('GET', at));
    if (run !== null) {
      assert.deepEqual([run.status, run.error, run.trigger], ['SUCCEEDED', null, 'SCHEDULE']);
      break;
    }
    assert.ok(Date.now() < deadline);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await dataOf(service.call('PUT', at, { ...source, enabled: false }));
  const taken = await dataOf<SourceFileAnswer[]>(service.call('GET', `${at}/files`));
  assert.deepEqual(
    taken.map(({ name, status }) => `${name} ${status}`).sort(),
    dataOfTool(file)
      .map(([name]) => `${name} TAKEN`)
      .sort(),
  );
  return listExecutions(service, datamartId);
}

/** With the mapping that is suggested for the first file, and what no column says. */
async function createMappedImport(client: Client, datamartId: string, file: ToolFile): Promise<string> {
  const path = `/v1/datamarts/${datamartId}/document_imports`;
  const mapping = file.mapping ?? (await suggestedMapping(client, path, file));
  const body = { name: file.tool, mime_type: MIME_TYPE[file.format], mapping };
  return (await dataOf<{ id: string }>(client.call('POST', path, body))).id;
}

async function suggestedMapping(client: Client, path: string, file: ToolFile): Promise<object> {
  const [[name, first] = assert.fail()] = dataOfTool(file);
  const sample = name.endsWith('.gz') ? gunzipSync(first) : first;
  const { mapping } = await dataOf<{ mapping: Mapping }>(
    client.call('POST', `${path}/preview`, {
      ...{ mime_type: MIME_TYPE[file.format], sample_base64: sample.toString('base64'), whole: true },
    }),
  );
  const { segment, duration } = file.defaults;
  const said = {
    ...(segment === undefined ? {} : { segment_technical_name: segment }),
    ...(duration === undefined ? {} : { expiration_duration: duration }),
  };
  return { ...mapping, defaults: { ...mapping.defaults, ...said } };
}

function dataOfTool({ files, noData = {} }: ToolFile): readonly (readonly [string, Buffer])[] {
  return Object.entries(files).filter(([name]) => noData[name] === undefined);
}

async function listExecutions(client: Client, datamartId: string): Promise<readonly ExecutionAnswer[]> {
  const listed = await dataOf<ExecutionAnswer[]>(
    client.call('GET', `/v1/datamarts/${datamartId}/executions`),
  );
  return Promise.all(listed.map((execution) => waitForEnd(client, execution)));
}

async function requireOutcome(
  file: ToolFile,
  {
    service,
    datamartId,
    executions,
  }: { service: Client; datamartId: string; executions: readonly ExecutionAnswer[] },
): Promise<void> {
  assert.deepEqual(
    executions.map(({ status }) => status),
    dataOfTool(file).map(() => 'SUCCEEDED'),
  );
  const failures: Record<string, number> = {};
  for (const { result } of executions)
    for (const [code, count] of Object.entries(result.failures_by_code))
      failures[code] = (failures[code] ?? 0) + (count ?? 0);
  assert.deepEqual(failures, file.failures);
  const segments = await dataOf<{ id: string; technical_name: string }[]>(
    service.call('GET', `/v1/audience_segments?datamart_id=${datamartId}`),
  );
  const nameOf = new Map(segments.map(({ id, technical_name }) => [id, technical_name]));
  for (const [user, members] of Object.entries(file.members)) {
    const found = await membershipsOf(service, selectorOf(user), datamartId);
    const seen = (found ?? []).map(({ segment_id, expiration_ts }) => [
      nameOf.get(segment_id),
      expiration_ts,
    ]);
    assert.deepEqual(Object.fromEntries(seen), members, user);
  }
  for (const user of file.nobody)
    assert.equal(await membershipsOf(service, selectorOf(user), datamartId), null, user);
}

/** A user as a look-up names them: of an address, its hash. */
function selectorOf(user: string): string {
  const [field = '', value = ''] = user.split(/=(.*)/s);
  const hash = () => createHash('sha256').update(value).digest('hex');
  return `${field}=${encodeURIComponent(value.includes('@') || value === '\\N' ? hash() : value)}`;
}
