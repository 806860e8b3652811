import assert from 'node:assert/strict';
import type { Bench } from '../bench.ts';
import { countMemberships, type Store } from '../large-store.ts';
import { percentile } from '../lookups/percentile.ts';
import { watching } from '../server.ts';
import type { Measured } from '../table.ts';
import { mulberry32, userId } from '../workload.ts';
import { userCount } from '../workloads.ts';

const SEED = 77;

/**
 * What is asked of a large store now and then, one call after the other while nothing else runs.
 */
export async function measureQuestions(bench: Bench, store: Store): Promise<void> {
  const memberships = `${await countMemberships(store)} memberships`;
  const [segmentId = ''] = store.segmentIds;
  const segment = `/v1/audience_segments/${segmentId}`;
  const questions = [
    {
      id: 'overlaps',
      what: `Overlaps of ${store.segmentIds.length} segments`,
      calls: 5,
      path: () => `/v1/datamarts/1/segment_overlaps?segment_ids=${store.segmentIds.join(',')}`,
    },
    {
      id: 'history',
      what: 'History of a segment, 48 hours',
      calls: 5,
      path: () => `${segment}/history?interval=hour`,
    },
    {
      id: 'segment-executions',
      what: 'Executions that changed a segment',
      calls: 5,
      path: () => `${segment}/executions`,
    },
    { id: 'user-changes', what: "Changes of a user's memberships", calls: 50, path: changesOf(bench) },
  ];
  for (const { id, what, calls, path } of questions)
    await bench.measure({ id, what }, () => ask(store, { calls, path, remark: memberships }));
}

/** Of one user after the other, drawn from all. */
function changesOf(bench: Bench): () => string {
  const random = mulberry32(SEED);
  return () => {
    const user = userId(Math.floor(random() * userCount(bench)));
    return `/v1/datamarts/1/user_points/user_account_id=${user}/user_segment_changes`;
  };
}

function ask(
  { server }: Store,
  { calls, path, remark }: { calls: number; path: () => string; remark: string },
): Promise<Measured> {
  return watching(server, async () => {
    const times: number[] = [];
    for (let call = 0; call < calls; call++) {
      const startedAt = performance.now();
      const { status, text } = await server.call('GET', path());
      times.push(performance.now() - startedAt);
      assert.ok(status === 200, `${status}: ${text.slice(0, 200)}`);
    }
    const seconds = times.reduce((sum, ms) => sum + ms, 0) / 1000;
    const sorted = Float64Array.from(times).sort();
    const [p50Ms, p99Ms] = [percentile(sorted, 0.5), percentile(sorted, 0.99)];
    return { count: calls, seconds, perSecond: calls / seconds, p50Ms, p99Ms, remark };
  });
}
