import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unknownNameIn } from '../../src/import/unknown-segments.ts';

test('the name is read from a message of this version, and of those that said "is no segment"', () => {
  for (const isCsv of [true, false]) {
    for (const verb of ['is not a', 'is no']) {
      const named = (rest: string) => unknownNameIn(`${rest} ${verb} segment of this datamart`, { isCsv });
      const whole = { isWhole: true };
      assert.deepEqual(named('segment_technical_name "vipp"'), {
        ...{ kind: 'TECHNICAL_NAME', name: 'vipp' },
        ...whole,
      });
      assert.deepEqual(named('segment_id 12'), { kind: 'ID', name: '12', ...whole });
      const cut = named('segment_technical_name "xx… (cut, it has 300 characters)');
      assert.deepEqual(cut, { kind: 'TECHNICAL_NAME', name: 'xx…', isWhole: false });
    }
  }
});
