import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Execution } from '../../src/model/execution.ts';
import type { TestService } from '../helper.ts';

/** The name of the file of an execution that is held. */
export const HELD_NAME = 'held';

/** An execution that does not end, since another worker has it, until `end`. */
export async function holdExecution(
  { store: { executions } }: TestService,
  documentImportId: string,
  datamartId = '1',
): Promise<{ execution: Execution; end: () => Promise<unknown> }> {
  for (let tries = 0; tries < 500; tries++) {
    const creating = executions.create({
      ...{ organisationId: '1', datamartId, job: { type: 'DOCUMENT_IMPORT', documentImportId } },
      ...{ mimeType: 'APPLICATION_X_NDJSON', priority: 'HIGH', userId: null, creationDate: Date.now() },
      document: { folder: randomUUID(), fileName: HELD_NAME, bytes: 1, sha256: '' },
    });
    // the runner is told when it is committed: by then this claim is the next to be written
    await setImmediate();
    const now = Date.now();
    const most = { documents: 1, bytes: 0 };
    const claim = { worker: 'another', now, leaseUntil: now + 600_000, most };
    const [[claimed], execution] = await Promise.all([executions.claim(claim), creating]);
    assert.ok(execution !== null && execution !== 'KEY_REUSED');
    const { id } = execution;
    const ending = { worker: 'another', status: 'SUCCEEDED', failure: null } as const;
    if (claimed?.id === id)
      return { execution, end: () => executions.finish({ id, ...ending, now: Date.now() }) };
    // the service was quicker, and finds no file
  }
  throw new Error('the service took each of them');
}
