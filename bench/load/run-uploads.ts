import { setMaxListeners } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createImport, dataOf, executionsPath } from '../../test/client.ts';
import { createSegments, type Target } from '../import-file.ts';
import type { Server } from '../server.ts';
import { generate } from '../workload.ts';
import type { Options } from './options.ts';
import { sendSlowly } from './send-slowly.ts';

/** Files that are sent again and again, so that the client is busy with sending alone. */
const FILES_PER_TARGET = 20;

/** How long after the end an answer is waited for; what has none by then is counted as broken. */
const LATE_MS = 30_000;

export type UploadTarget = Target & { readonly files: readonly Buffer[] };

export type Uploads = {
  /** Answers by status, and what had none. */
  readonly counts: ReadonlyMap<string, number>;
  readonly acknowledged: number;
  readonly perSecond: number;
};

/** Datamarts with an import each, and files for them. */
export async function createTargets(server: Server, options: Options): Promise<readonly UploadTarget[]> {
  const targets: UploadTarget[] = [];
  for (let i = 0; i < options.datamarts; i++) {
    const created = server.call('POST', '/v1/datamarts', { name: `load ${i}` });
    const { id: datamartId } = await dataOf<{ id: string }>(created);
    const documentImportId = await createImport(server, { format: 'NDJSON', datamartId });
    const segmentIds = await createSegments(server, datamartId);
    const files = Array.from({ length: FILES_PER_TARGET }, (_, file) => {
      const seed = i * FILES_PER_TARGET + file + 1;
      const { users, linesPerFile: lines } = options;
      return Buffer.from(
        [...generate({ format: 'NDJSON', lines, users, segmentIds, badPerMille: 10, seed })].join(''),
      );
    });
    targets.push({ datamartId, documentImportId, files });
  }
  return targets;
}

/**
 * Keeps so many uploads on their way until the time is over; each sender waits when it is told to.
 */
export async function runUploads(
  server: Server,
  targets: readonly UploadTarget[],
  options: Options,
): Promise<Uploads> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: options.uploads });
  const counts = new Map<string, number>();
  const startedAt = performance.now();
  const endsAt = startedAt + options.seconds * 1000;
  const late = AbortSignal.timeout(options.seconds * 1000 + LATE_MS);
  // one listener for each upload under way
  setMaxListeners(0, late);
  let number = 0;
  const sender = async (position: number) => {
    // not all at the same moment
    await sleep((position / options.uploads) * options.uploadMs);
    while (performance.now() < endsAt) {
      const upload = number++;
      const target = targets[upload % targets.length] as UploadTarget;
      const sent = await sendSlowly({
        url: `${server.baseUrl}${executionsPath(target)}`,
        token: server.token,
        agent,
        body: target.files[upload % FILES_PER_TARGET] as Buffer,
        ms: options.uploadMs,
        signal: late,
        sender: (upload * 7) % 1000 < options.gonePerMille ? 'GOES_AWAY' : 'STAYS',
      });
      const name = sent.outcome === 'ANSWERED' ? String(sent.status) : nameOf(sent);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (sent.outcome === 'ANSWERED' && sent.status !== 200) await sleep(sent.retryAfterMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.uploads }, (_, position) => sender(position)));
  } finally {
    agent.destroy();
  }
  const acknowledged = counts.get('200') ?? 0;
  return { counts, acknowledged, perSecond: acknowledged / ((performance.now() - startedAt) / 1000) };
}

function nameOf(sent: { outcome: 'WENT_AWAY' } | { outcome: 'BROKEN'; reason: string }): string {
  return sent.outcome === 'BROKEN' ? `broken: ${sent.reason}` : 'went away';
}
