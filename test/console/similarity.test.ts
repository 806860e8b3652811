import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { orderBySimilarity } from '../../console/src/segments/similarity.ts';

const pair = (a: string, b: string, both: number) => ({
  ...{ segment_source_id: a, segment_intersect_with: b, overlap_number: both },
});
const segments = (...ids: readonly string[]) =>
  ids.map((segment_id) => ({ segment_id, datamart_id: '1', segment_size: 100 }));

test('segments that share most stand beside each other', () => {
  const overlaps = [pair('1', '4', 90), pair('2', '3', 80), pair('3', '4', 20)];
  const order = orderBySimilarity({ segments: segments('1', '2', '3', '4', '5'), overlaps });
  const chain = order.filter((id) => id !== '5').join('');
  assert.ok(chain === '1432' || chain === '2341', order.join());
  assert.ok(order[0] === '5' || order.at(-1) === '5', 'what shares nothing stands outside');
});

test('an order has each segment once, whatever they share', () => {
  const overlap = fc
    .tuple(fc.nat(7), fc.nat(7), fc.nat(100))
    .filter(([a, b]) => a !== b)
    .map(([a, b, both]) => pair(String(a), String(b), both));
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(7).map(String)), fc.array(overlap), (ids, overlaps) => {
      const known = overlaps.filter(
        (of) => ids.includes(of.segment_source_id) && ids.includes(of.segment_intersect_with),
      );
      const order = orderBySimilarity({ segments: segments(...ids), overlaps: known });
      assert.deepEqual([...order].sort(), [...ids].sort());
    }),
  );
});
