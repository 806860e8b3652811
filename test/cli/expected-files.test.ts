import assert from 'node:assert/strict';
import { test } from 'node:test';
import { muster } from './run.ts';
import { sharedService } from './shared.ts';

const shared = sharedService({ segments: ['vip'] });

async function open() {
  const service = await shared.open();
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
  return (...args: string[]) => muster(args, { env });
}

test('an import is created, shown and changed with what it expects of its files', async () => {
  const run = await open();
  const made = await run(
    ...['imports', 'create', 'CRM nightly', '--format', 'csv', '--priority', 'high'],
    ...[
      '--every',
      '1d',
      '--by',
      '06:00',
      '--on',
      'weekdays',
      '--time-zone',
      'Europe/Paris',
      '--max-change',
      '0.5',
    ],
  );
  assert.equal(made.code, 0, made.stderr);
  assert.match(
    made.stdout,
    /created: CRM nightly, a file every 1d on MON, TUE, WED, THU, FRI by 06:00 \(Europe\/Paris\)\n/,
  );
  const shown = await run('imports', 'show', 'CRM nightly');
  assert.match(shown.stdout, /CRM nightly, csv, priority HIGH\n/);
  assert.match(shown.stdout, /\n +at most 50% more or fewer than usual\n/);
  assert.match(shown.stdout, /state +WAITING\nnext due +\d{4}-\d\d-\d\d 0[45]:00:00 UTC\nlast file +none\n/);
  const listed = await run('imports');
  assert.match(listed.stdout, /CRM nightly .*WAITING +\d{4}-\d\d-\d\d 0[45]:00:00/);

  // what is not given stays; another rhythm has days of its own
  const limited = await run(
    'imports',
    'update',
    'CRM nightly',
    '--min-commands',
    '10',
    '--max-change',
    'none',
    '--json',
  );
  const { expect } = JSON.parse(limited.stdout) as { expect: Record<string, unknown> };
  assert.deepEqual(
    [expect.on, expect.by, expect.min_commands, expect.max_change],
    [['MON', 'TUE', 'WED', 'THU', 'FRI'], '06:00', 10, null],
  );
  const hourly = await run('imports', 'update', 'CRM nightly', '--every', '6h', '--name', 'CRM');
  assert.match(hourly.stdout, /updated: CRM, a file every 6h by 06:00/);
  const nothing = JSON.parse((await run('imports', 'update', 'CRM', '--expect-nothing', '--json')).stdout);
  assert.ok(!('expect' in nothing));
});

test('a name that another import has is warned of, and taken', async () => {
  const run = await open();
  assert.equal((await run('imports', 'create', 'twice')).stderr, '');
  const again = await run('imports', 'create', 'twice');
  assert.equal(again.code, 0);
  assert.match(again.stderr, /^warning: document import \d+ has the same name: /);
});

test('what cannot be expected is refused with what can', async () => {
  const run = await open();
  const half = await run('imports', 'create', 'x', '--every', '1d');
  assert.deepEqual([half.code, half.stdout], [1, '']);
  assert.match(half.stderr, /expected --every and --by/);
  assert.match(
    (await run('imports', 'create', 'x', '--every', '5h', '--by', '06:00')).stderr,
    /one of 1h, 2h/,
  );
  assert.match(
    (await run('imports', 'create', 'x', '--every', '1d', '--by', '06:00', '--max-change', 'much')).stderr,
    /--max-change: expected a number or none, got "much"/,
  );
  await run('imports', 'create', 'plain');
  assert.match((await run('imports', 'update', 'plain')).stderr, /expected something to change/);
  assert.match(
    (await run('imports', 'update', 'plain', '--expect-nothing', '--every', '1d', '--by', '06:00')).stderr,
    /--expect-nothing cannot be combined/,
  );
  const hook = await run(
    'webhooks',
    'create',
    'https://ops.example.com/x',
    '--events',
    'late,missing,failed',
    '--json',
  );
  assert.deepEqual((JSON.parse(hook.stdout) as { events: string[] }).events, [
    'execution.failed',
    'document_import.late',
    'document_import.missing',
  ]);
});
