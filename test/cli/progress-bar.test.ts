import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiExecution } from '../../src/cli/api.ts';
import { applyingDetail, phaseOf } from '../../src/cli/import/progress.ts';

const of = (progress: Partial<NonNullable<ApiExecution['progress']>> | null, more: object = {}) =>
  ({
    ...{ status: 'RUNNING', num_tasks: null, completed_tasks: 0 },
    progress: progress && {
      ...{ bytes_read: 0, bytes_total: 1000, commands_per_second: null, eta_ms: null },
      ...progress,
    },
    ...more,
  }) as ApiExecution;

test('the bar says what is done now: waiting, reading, merging, and of a dry run checking and counting', () => {
  const phases = [
    of(null, { status: 'PENDING' }),
    of({ phase: 'APPLYING', step: 'READING' }),
    of({ phase: 'APPLYING', step: 'MERGING' }),
    of({ phase: 'CHECKING', step: 'READING' }),
    of({ phase: 'CHECKING', step: 'MERGING' }),
    // run by another node, or told by an older service
    of({ phase: 'APPLYING', step: null }),
    of({ phase: 'CHECKING' }),
  ].map((execution) => phaseOf(execution).trim());
  assert.deepEqual(phases, [
    ...['waiting', 'reading', 'merging', 'checking', 'counting', 'applying', 'checking'],
  ]);
});

test('what is read counts before it is merged, and what is not known is not said to be 0', () => {
  assert.equal(applyingDetail(of(null, { status: 'PENDING' })), 'waiting in the queue');
  assert.equal(applyingDetail(of({ step: null })), '');
  const heldBack = of({ step: 'WAITING', waiting: { reason: 'LOOK_UPS', since: 1 } });
  assert.equal(applyingDetail(heldBack), 'for look-ups to become fast again');
  assert.equal(applyingDetail(of({ commands_per_second: 0 })), '');
  const reading = of({ step: 'READING', commands_read: 5000, commands_per_second: 2500 });
  assert.equal(applyingDetail(reading), '5,000 commands, 2,500/s');
  const old = of({ commands_per_second: 10, eta_ms: 20_000 }, { completed_tasks: 40 });
  assert.equal(applyingDetail(old), '40 commands, 10/s, 20 s left');
});
