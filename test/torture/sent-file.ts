import assert from 'node:assert/strict';
import { hasEnded } from '../../src/model/execution.ts';
import {
  type Client,
  CONTENT_TYPE,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  type Format,
  waitForEnd,
} from '../client.ts';
import type { ModelRecord } from '../model/read-command.ts';

/** A file that a client sends until it has an answer, under one key. */
export type SentFile = {
  readonly key: string;
  readonly datamartId: string;
  readonly documentImportId: string;
  readonly format: Format;
  readonly bytes: Buffer;
  readonly records: readonly ModelRecord[];
  /** As it was last answered; null as long as no answer came. */
  execution: ExecutionAnswer | null;
};

/** Sends a file, again when it has been sent; a second answer must be about the first execution. */
export async function send(client: Client, file: SentFile): Promise<void> {
  const answer = client.call('POST', executionsPath(file), file.bytes, {
    'content-type': CONTENT_TYPE[file.format],
    'idempotency-key': file.key,
  });
  const execution = await dataOf<ExecutionAnswer>(answer);
  assert.equal(execution.id, file.execution?.id ?? execution.id, `key ${file.key} made a second execution`);
  file.execution = execution;
}

/** Waits for the end of a file that was answered. */
export async function awaitEnd(client: Client, file: SentFile): Promise<void> {
  if (file.execution === null || hasEnded(file.execution.status)) return;
  file.execution = await waitForEnd(client, file.execution);
}
