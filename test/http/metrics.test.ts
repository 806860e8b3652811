import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../src/store/store.ts';
import { createImport, createSegment, executionsPath, membershipsOf, runFile, upload } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { appOver } from './app-over.ts';

const docs = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

type Metric = { readonly type: string; readonly labels: ReadonlySet<string> };

/** The metrics that a text in Prometheus' format has, each with the labels of its samples. */
function readMetrics(text: string): Map<string, Metric & { readonly labels: Set<string> }> {
  const metrics = new Map<string, Metric & { labels: Set<string> }>();
  for (const line of text.split('\n')) {
    const [, named, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (named !== undefined && type !== undefined) metrics.set(named, { type, labels: new Set() });
    const [, sample = '', labels = ''] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    const metric = metrics.get(sample) ?? metrics.get(sample.replace(/_(bucket|sum|count)$/, ''));
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) if (label !== 'le') metric?.labels.add(label);
  }
  return metrics;
}

/** The table of docs/operations/metrics.md. */
function readTable(): Map<string, Metric> {
  const rows = new Map<string, Metric>();
  for (const line of docs('operations/metrics.md').split('\n')) {
    const [name, type = '', labels = ''] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const metric = /^`(muster_\w+)`$/.exec(name ?? '')?.[1];
    if (metric === undefined) continue;
    assert.ok(!rows.has(metric), `${metric} stands in the table twice`);
    rows.set(metric, {
      type,
      labels: new Set([...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label)),
    });
  }
  return rows;
}

async function scrape({ baseUrl }: Pick<TestService, 'baseUrl'>): Promise<string> {
  return (await fetch(`${baseUrl}/metrics`)).text();
}

/** The sum of a metric's samples whose labels hold `labels`; 0 where there is none. */
function samplesOf(text: string, name: string, labels = ''): number {
  return [...text.matchAll(new RegExp(`^${name}(\\{.*\\})? (\\S+)$`, 'gm'))]
    .filter(([, given = '']) => given.includes(labels))
    .reduce((sum, [, , value]) => sum + Number(value), 0);
}

const line = (segmentId: string, user: string) =>
  `${JSON.stringify({ operation: 'UPDATE', user_account_id: user, segment_id: segmentId, expiration_duration: 0 })}\n`;

test('docs/operations/metrics.md has a row for every metric of the service, with its type and labels', async (t) => {
  const service = await startService(t);
  await service.call('GET', '/v1/datamarts');
  const found = readMetrics(await scrape(service));
  const own = [...found].filter(([name]) => name.startsWith('muster_'));
  const described = (metrics: Iterable<readonly [string, Metric]>) =>
    [...metrics].map(([name, { type, labels }]) => `${name} ${type} ${[...labels].sort()}`).sort();
  assert.deepEqual(described(own), described(readTable()));
});

test('names follow the conventions of Prometheus', async (t) => {
  const found = readMetrics(await scrape(await startService(t)));
  for (const [name, { type }] of found) {
    if (!name.startsWith('muster_')) continue;
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    if (type === 'histogram') assert.match(name, /_seconds$/);
  }
});

test('every metric that an alert or an expression of the docs names is in /metrics', async (t) => {
  const found = readMetrics(await scrape(await startService(t)));
  const texts = [docs('alerts.yml'), docs('operations/metrics.md')];
  const named = texts.flatMap((text) => text.match(/\b(muster|nodejs|process)_[a-z0-9_]+(?!\w|\*|…)/g) ?? []);
  assert.ok(named.length > 30, `only ${named.length} names were found`);
  for (const name of named) {
    const isThere = found.has(name) || found.has(name.replace(/_(bucket|sum|count)$/, ''));
    assert.ok(isThere || ['process_', 'nodejs_'].includes(name), name);
  }
});

test('docs/operations/alerts.md says what to do about each alert, and has no other', () => {
  const rules = [...docs('alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const rows = [...docs('operations/alerts.md').matchAll(/^\| `(Muster[A-Z]\w+)` \|/gm)].map(
    ([, name]) => name,
  );
  assert.ok(rules.length > 5);
  assert.deepEqual(rules.sort(), rows.sort());
});

test('a file moves the counters by what came of it, and a look-up its histogram', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 's' });
  const before = await scrape(service);
  const content = line(segmentId, 'a') + line('404', 'b');
  await runFile(service, 'NDJSON', content);
  await membershipsOf(service, 'user_account_id=a');
  await membershipsOf(service, 'user_account_id=nobody');
  await service.call('GET', '/v1/datamarts/1/user_identifiers/user_account_id=a');
  const after = await scrape(service);
  const moved = (name: string, labels?: string) =>
    samplesOf(after, name, labels) - samplesOf(before, name, labels);
  assert.equal(moved('muster_commands_total', 'outcome="applied"'), 1);
  assert.equal(moved('muster_commands_total', 'outcome="failed"'), 1);
  assert.equal(moved('muster_command_failures_total'), 1);
  assert.equal(moved('muster_command_failures_total', 'code="UNKNOWN_SEGMENT"'), 1);
  assert.equal(moved('muster_uploaded_bytes_total'), content.length);
  assert.equal(moved('muster_imported_bytes_total'), content.length);
  assert.equal(moved('muster_executions_ended_total', 'status="SUCCEEDED"'), 1);
  assert.equal(moved('muster_execution_wait_seconds_count'), 1);
  assert.equal(moved('muster_import_step_duration_seconds_count', 'step="stage"'), 1);
  assert.equal(moved('muster_import_step_duration_seconds_count', 'step="merge"'), 1);
  assert.equal(moved('muster_lookup_duration_seconds_count', 'of="memberships"'), 2);
  assert.equal(moved('muster_lookup_duration_seconds_count', 'of="identifiers"'), 1);
  assert.equal(moved('muster_http_errors_total', 'code="NOT_FOUND"'), 1);
  assert.equal(samplesOf(after, 'muster_uploads_in_progress'), 0);
  assert.ok(samplesOf(after, 'muster_store_bytes') > 0);
  assert.ok(samplesOf(after, 'muster_disk_free_bytes') > 0);
  assert.equal(samplesOf(after, 'muster_store_up'), 1);
});

test('look-ups are counted by what answered them, and runs by what they were made from', async (t) => {
  let now = Date.now();
  const service = await startService(t, {}, () => now);
  if (service.store.servingState === undefined) return t.skip('PostgreSQL has no serving runs');
  const segmentId = await createSegment(service, { name: 's' });
  const before = await scrape(service);
  await runFile(service, 'NDJSON', line(segmentId, 'a') + line(segmentId, 'b'));
  await membershipsOf(service, 'user_account_id=a');
  await membershipsOf(service, 'user_account_id=nobody');
  now += 5_000;
  const after = await scrape(service);
  const moved = (name: string, labels?: string) =>
    samplesOf(after, name, labels) - samplesOf(before, name, labels);
  assert.equal(moved('muster_serving_lookups_total', 'by="runs'), 2);
  assert.equal(moved('muster_serving_lookups_total', 'by="tables"'), 0);
  assert.equal(moved('muster_serving_block_reads_total', 'outcome="found"'), 1);
  assert.ok(moved('muster_serving_filter_skips_total') > 0);
  assert.equal(moved('muster_serving_made_total', 'from="change"'), 1);
  assert.ok(moved('muster_serving_made_bytes_total', 'from="change"') > 0);
  assert.equal(moved('muster_serving_faults_total'), 0);
  assert.equal(samplesOf(after, 'muster_serving_up'), 1);
  assert.equal(samplesOf(after, 'muster_serving_made_ratio'), 1);
  assert.equal(samplesOf(after, 'muster_serving_runs'), 2);
  assert.ok(samplesOf(after, 'muster_serving_memory_bytes') > 0);
  assert.ok(samplesOf(after, 'muster_serving_base_age_seconds') >= 5);
});

test('the age of the queue is how long the oldest waits that nobody has taken, 0 when none waits', async (t) => {
  const service = await startService(t, { parallelExecutions: 0 });
  const age = async (priority: string) =>
    samplesOf(await scrape(service), 'muster_queue_age_seconds', `priority="${priority}"`);
  const send = async (priority: string) => {
    const documentImportId = await createImport(service, { format: 'NDJSON', priority });
    return upload(service, { datamartId: '1', documentImportId, format: 'NDJSON', body: line('1', 'a') });
  };
  const first = await send('HIGH');
  await sleep(1_100);
  await send('HIGH');
  const waited = await age('HIGH');
  assert.ok(waited >= 1.1, `waited ${waited} s`);
  assert.deepEqual([await age('MEDIUM'), await age('LOW')], [0, 0]);
  const { datamart_id, document_import_id } = first.parameters;
  const of = { datamartId: String(datamart_id), documentImportId: String(document_import_id) };
  const cancel = { action: 'CANCEL' };
  assert.equal((await service.call('POST', `${executionsPath(of)}/${first.id}/action`, cancel)).status, 200);
  await sleep(1_000);
  const second = await age('HIGH');
  assert.ok(second >= 1 && second < waited + 1, `the second one has waited ${second} s`);
});

test('when the store does not answer the rest is shown, and that it does not', async (t) => {
  const service = await startService(t);
  // Faults are the one thing the real store cannot be asked for.
  let isGone = true;
  const store: Store = {
    ...service.store,
    sizeBytes: () => (isGone ? Promise.reject(new Error('gone')) : service.store.sizeBytes()),
  };
  let now = Date.now();
  const app = await appOver(t, service, { store, clock: () => now });
  const { statusCode, body } = await app.inject('/metrics');
  assert.equal(statusCode, 200);
  assert.equal(samplesOf(body, 'muster_store_up'), 0);
  assert.doesNotMatch(body, /^muster_(store_bytes|disk_free_bytes|executions\{|queue_age_seconds)/m);
  assert.match(body, /^process_resident_memory_bytes \d+/m);
  isGone = false;
  now += 1_000;
  const again = (await app.inject('/metrics')).body;
  assert.equal(samplesOf(again, 'muster_store_up'), 1);
  assert.ok(samplesOf(again, 'muster_store_bytes') > 0);
});
