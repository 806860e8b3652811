import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  type Format,
  waitForEnd,
} from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';

/** A source as the API shows it, as far as tests look. */
export type SourceAnswer = {
  readonly status: 'IDLE' | 'PENDING' | 'RUNNING';
  readonly has_credentials: boolean;
  readonly next_run_ts: number | null;
  readonly failures: number;
  readonly known_host_key?: string | null;
  readonly schedule: object | null;
  readonly last_run: {
    readonly trigger: string;
    readonly dry_run: boolean;
    readonly status: string;
    readonly error: string | null;
    readonly start_date: number;
    readonly end_date: number;
    readonly files_taken: number;
    readonly files_refused: number;
  } | null;
};

export type SourceFileAnswer = {
  readonly name: string;
  readonly bytes: number | null;
  readonly etag: string | null;
  readonly status: string;
  readonly execution_id: string | null;
  readonly reason: string | null;
};

export type TestAnswer = {
  readonly connected: boolean;
  readonly error: string | null;
  readonly host_key?: string | null;
  readonly files: readonly {
    readonly name: string;
    readonly would_be_taken: boolean;
    readonly reason: string;
  }[];
};

export const sourcePath = (importId: string, datamartId = '1') =>
  `/v1/datamarts/${datamartId}/document_imports/${importId}/source`;

/** A folder that goes with the test. */
export async function folderFor(t: TestContext, name = 'in'): Promise<string> {
  const outer = await makeFolder();
  t.after(() => discardFolder(t, outer));
  const folder = path.join(outer, name);
  await mkdir(folder);
  return folder;
}

/** An import with a segment that lines go into. */
export async function openImport(client: Client, format: Format = 'NDJSON', name = 's') {
  const segmentId = await createSegment(client, { name });
  const importId = await createImport(client, { format });
  const line = (user: string) =>
    format === 'CSV'
      ? `UPDATE,${user},${segmentId},0\n`
      : `{"operation":"UPDATE","user_account_id":"${user}","segment_id":"${segmentId}","expiration_duration":0}\n`;
  return { segmentId, importId, line };
}

export function putSource(client: Client, importId: string, body: object): Promise<SourceAnswer> {
  return dataOf(client.call('PUT', sourcePath(importId), body));
}

export function getSource(client: Client, importId: string): Promise<SourceAnswer> {
  return dataOf(client.call('GET', sourcePath(importId)));
}

/** Asks for a run and waits for its end. */
export async function runSource(client: Client, importId: string, body: object = {}) {
  const before = (await getSource(client, importId)).last_run?.end_date ?? 0;
  await dataOf(client.call('POST', `${sourcePath(importId)}/run`, body));
  return untilRun(
    client,
    importId,
    ({ last_run, status }) =>
      status === 'IDLE' && (last_run?.end_date ?? 0) >= before && last_run?.trigger === 'REQUEST',
  );
}

/** The source's last run, as soon as the source is as it is to be. */
export async function untilRun(
  client: Client,
  importId: string,
  isSo: (source: SourceAnswer) => boolean = ({ last_run, status }) => last_run !== null && status === 'IDLE',
  timeoutMs = 60_000,
) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const source = await getSource(client, importId);
    if (isSo(source)) {
      assert.ok(source.last_run !== null);
      return source.last_run;
    }
    assert.ok(Date.now() < deadline, `the source is still ${JSON.stringify(source)}`);
    await sleep(20);
  }
}

/** What became of the files, oldest first, without what differs from run to run. */
export async function filesOf(client: Client, importId: string): Promise<readonly SourceFileAnswer[]> {
  const path_ = `${sourcePath(importId)}/files?max_results=1000`;
  return [...(await dataOf<SourceFileAnswer[]>(client.call('GET', path_)))].reverse();
}

export const briefly = (files: readonly SourceFileAnswer[]) =>
  files.map(({ name, status }) => `${name} ${status}`);

/** The ended executions of an import, oldest first. */
export async function executionsOf(client: Client, importId: string): Promise<readonly ExecutionAnswer[]> {
  const at = executionsPath({ datamartId: '1', documentImportId: importId });
  const listed = await dataOf<ExecutionAnswer[]>(client.call('GET', `${at}?max_results=1000`));
  return Promise.all([...listed].reverse().map((execution) => waitForEnd(client, execution)));
}

export const nameOf = ({ result }: ExecutionAnswer) =>
  (result as unknown as { readonly input_file_name: string }).input_file_name;

export async function testSource(client: Client, importId: string): Promise<TestAnswer> {
  return dataOf(client.call('POST', `${sourcePath(importId)}/test`));
}
