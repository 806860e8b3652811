import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { openIntake } from '../../src/content/intake.ts';
import { openDocumentsFolder } from '../../src/documents/folder.ts';
import { createFairTurns } from '../../src/fair-turns.ts';
import { buildApp } from '../../src/http/app.ts';
import type { HttpDependencies } from '../../src/http/types.ts';
import { createAdmission } from '../../src/http/uploads/admission.ts';
import { createLookUpGate } from '../../src/http/users/look-up-gate.ts';
import { readIdentifier } from '../../src/import/read-body.ts';
import { createLookUpTimes } from '../../src/look-up-times.ts';
import type { TestService } from '../helper.ts';

/**
 * The HTTP layer over the parts of a service, some of them in another state than a test can bring
 * the real ones into. It listens nowhere and ends with the test.
 */
export async function appOver(
  t: TestContext,
  { config, store }: TestService,
  others: Partial<HttpDependencies>,
): Promise<FastifyInstance> {
  const app = await buildApp({
    ...{ store, config, clock: Date.now, logger: pino({ level: 'silent' }) },
    documents: await openDocumentsFolder(config.data, { ...config, openIntake }),
    progress: { runs: () => new Map() },
    exportTurns: createFairTurns(1),
    readIdentifier,
    applyCommands: () => Promise.reject(new Error('no commands are expected')),
    eventStreams: { open: () => null, close: () => {} },
    admission: createAdmission(others.store ?? store, config),
    lookUpGate: createLookUpGate(store, config),
    lookUpTimes: createLookUpTimes(),
    eventLoopLag: { current: () => 0 },
    pace: { state: () => ({ goalMs: 0, p99Ms: null, isHeldBack: false }) },
    ...others,
  });
  t.after(() => app.close());
  return app;
}
