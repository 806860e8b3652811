import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Client, dataOf, errorFile, runFile, runs } from '../client.ts';
import { startService } from '../helper.ts';
import { type JsonMember, type Layout, object, writeJson } from '../model/json.ts';
import { Model } from '../model/model.ts';
import type { ModelRecord } from '../model/read-command.ts';
import { warningsOf } from '../model/warnings.ts';
import { commandFields, resolveNames } from './commands.ts';
import { compareSizes, compareUsers } from './compare.ts';
import { readErrorFile } from './error-file.ts';
import { createWorld, type World } from './world.ts';

type Draft = { readonly members: readonly JsonMember[]; readonly layout: Layout };
type CallAnswer = {
  readonly start_date: number;
  readonly total_success: number;
  readonly total_failure: number;
  readonly warnings: Readonly<Record<string, number>>;
  readonly outcomes: readonly {
    readonly index: number;
    readonly error_code?: string;
    readonly error_message?: string;
  }[];
} & Readonly<Record<(typeof EFFECTS)[number] | 'user_points_created', number>>;

const EFFECTS = [
  'memberships_created',
  'memberships_updated',
  'memberships_deleted',
  'unchanged',
  'superseded',
] as const;

const draft: fc.Arbitrary<Draft> = fc.record({
  members: commandFields(),
  layout: fc.constantFrom<Layout>(
    { line: () => '', afterColon: '' },
    { line: () => '', afterColon: '' },
    { line: () => '\r', afterColon: '\t' },
    { line: (depth) => `\n${'  '.repeat(depth)}`, afterColon: ' ' },
    { line: () => '\r\n', afterColon: '\r\n' },
  ),
});
const call = fc.array(draft, { minLength: 1, maxLength: 12, size: 'max' });

test('commands at once do what the same commands do in a file', async (t) => {
  const service = await startService(t, { sweepIntervalMs: 200 });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 8 }), async (calls) => {
      const world = await createWorld(service);
      const model = new Model();
      for (const drafts of calls) await apply(drafts, { service, world, model });
      await compareUsers({ client: service, world, model });
      await compareSizes({ client: service, world, model });
    }),
    { numRuns: runs(8), endOnFailure: process.env.MUSTER_TEST_SHRINK === undefined },
  );
});

async function apply(
  drafts: readonly Draft[],
  { service, world, model }: { service: Client; world: World; model: Model },
): Promise<void> {
  const now = Date.now();
  const commands = drafts.map(({ members }) => resolveNames(object(...members), world.names, now));
  const records = commands.map(
    (command, i): ModelRecord => ({ type: 'object', object: command, line: i + 1 }),
  );
  const { datamartId } = world;
  const body = commands.map((command) => `${writeJson(command)}\n`).join('');
  const file = await runFile(service, 'NDJSON', body, { datamartId, query: 'dry_run=true' });
  const texts = commands.map((command, i) => writeJson(command, drafts[i]?.layout));
  const answer = await dataOf<CallAnswer>(
    service.call(
      'POST',
      `/v1/datamarts/${datamartId}/user_segment_commands`,
      `{"commands":[${texts.join(',')}]}`,
      { 'content-type': 'application/json' },
    ),
  );

  // why a command fails, in the same words
  const failed = readErrorFile('NDJSON', await errorFile(service, file));
  assert.deepEqual(
    answer.outcomes.flatMap(({ index, error_code: code, error_message: message }) =>
      code === undefined ? [] : [{ line: index + 1, code, message }],
    ),
    failed.map(({ line, code, message }) => ({ line, code, message })),
  );
  assert.deepEqual({ ...answer.warnings }, { ...file.result.warnings });

  const outcome = model.execute(records, world.catalogue(), answer.start_date);
  assert.deepEqual(
    [answer.total_success, answer.total_failure, answer.user_points_created],
    [outcome.successes, outcome.failures.length, outcome.userPointsCreated],
  );
  assert.equal(
    EFFECTS.reduce((sum, name) => sum + answer[name], 0),
    outcome.pairs,
  );
  const warned = warningsOf({ records, header: null }, world.catalogue(), answer.start_date);
  assert.equal(
    Object.values(answer.warnings).reduce((sum, count) => sum + count, 0),
    warned.length,
  );
}
