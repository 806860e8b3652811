import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSamples, servingOf } from '../../src/model/metric-samples.ts';

const TEXT = `# HELP muster_serving_up 1 when serving runs answer look-ups
# TYPE muster_serving_up gauge
muster_serving_up 0
muster_serving_made_ratio 0.375
muster_serving_runs 3
muster_serving_file_bytes 1.5e+9
muster_serving_memory_bytes 13000000
muster_serving_lookups_total{by="tables"} 12
`;

test('samples are read with their labels', () => {
  assert.deepEqual(readSamples(TEXT).at(-1), {
    ...{ name: 'muster_serving_lookups_total', labels: '{by="tables"}', value: 12 },
  });
});

test('a name may have digits', () => {
  assert.deepEqual(readSamples('muster_lookup_p99_seconds 0.018\n'), [
    { name: 'muster_lookup_p99_seconds', labels: '', value: 0.018 },
  ]);
});

test('what is told of serving runs while their base is being made', () => {
  assert.deepEqual(servingOf(readSamples(TEXT)), {
    isUp: false,
    madeRatio: 0.375,
    runs: 3,
    fileBytes: 1_500_000_000,
    memoryBytes: 13_000_000,
    baseAgeSeconds: null,
  });
});

test('a store without serving runs tells nothing of them', () => {
  assert.equal(servingOf(readSamples('muster_store_up 1\n')), null);
});
