import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Config } from '../../src/config.ts';
import {
  type Answer,
  CONTENT_TYPE,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  type Format,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';

/** What the attacks are aimed at: a service with a segment, and an import for each format. */
export type Target = {
  readonly service: TestService;
  readonly segmentId: string;
  /** A line that is good, with its line end. */
  readonly line: (user: string) => string;
  readonly url: (format: Format) => string;
  /** Uploads something; resolves to the answer. */
  post(
    format: Format,
    body: string | Uint8Array<ArrayBufferLike>,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** Uploads something that must be taken, and waits for its end. */
  run(
    format: Format,
    body: string | Uint8Array<ArrayBufferLike>,
    headers?: Record<string, string>,
  ): Promise<ExecutionAnswer>;
  /** That nothing is kept of what was refused, and that the service still does its work. */
  assertUnharmed(): Promise<void>;
};

export async function createTarget(t: TestContext, overrides: Partial<Config> = {}): Promise<Target> {
  const service = await startService(t, overrides);
  const segmentId = await createSegment(service, { name: 'target', technical_name: 'target' });
  const imports = {
    NDJSON: await createImport(service, { format: 'NDJSON' }),
    CSV: await createImport(service, { format: 'CSV' }),
  };
  const url = (format: Format) => executionsPath({ datamartId: '1', documentImportId: imports[format] });
  const line = (user: string) =>
    `${JSON.stringify({ operation: 'UPDATE', user_account_id: user, segment_id: segmentId, expiration_duration: 0 })}\n`;
  const post: Target['post'] = (format, body, headers = {}) =>
    service.call('POST', url(format), body, { 'content-type': CONTENT_TYPE[format], ...headers });
  const run: Target['run'] = async (format, body, headers) =>
    waitForEnd(service, await dataOf<ExecutionAnswer>(post(format, body, headers)), 120_000);
  return {
    service,
    segmentId,
    line,
    url,
    post,
    run,
    async assertUnharmed() {
      const documents = path.join(service.config.data, 'documents');
      assert.deepEqual(await readdir(path.join(documents, 'incoming')), []);
      const executions = await service.store.executions.list({
        filter: { datamartId: '1' },
        page: { firstResult: 0, maxResults: 1000 },
      });
      const folders = executions.elements.map(({ document }) => document.folder).sort();
      assert.deepEqual((await readdir(path.join(documents, 'kept'))).sort(), folders);
      const { status, result } = await run('NDJSON', line('unharmed'));
      assert.deepEqual([status, result.total_success], ['SUCCEEDED', 1]);
    },
  };
}
