import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSegment, dataOf, getSegment } from '../client.ts';
import { muster, startMuster } from './run.ts';
import { atTerminal } from './terminal.ts';

/** The lines of a file that puts users into a segment. */
function linesOf(segment: string, from: number, to: number): string {
  const line = (i: number) =>
    `{"operation":"UPDATE","user_account_id":"u${i}","segment_technical_name":"${segment}","expiration_duration":0}\n`;
  return Array.from({ length: to - from }, (_, i) => line(from + i)).join('');
}

async function start(t: TestContext) {
  const { service, folder } = await startMuster(t);
  const vip = await createSegment(service, { name: 'VIP customers', technical_name: 'vip' });
  const news = await createSegment(service, { name: 'News', technical_name: 'news' });
  const surroundings = { cwd: folder, env: { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token } };
  const write = (name: string, text: string) => writeFile(path.join(folder, name), text);
  await write('first.ndjson', linesOf('vip', 0, 10) + linesOf('news', 0, 4));
  return {
    ...{ service, write },
    sizes: async () =>
      Promise.all([vip, news].map(async (id) => (await getSegment(service, id)).user_points_count)),
    run: (...args: string[]) => muster(args, surroundings),
    /** `muster import --mode replace` of a file at a terminal. */
    replace: (args: readonly string[], ...answers: (readonly [RegExp, string])[]) =>
      atTerminal(['import', '--mode', 'replace', ...args], answers, surroundings),
    executions: () =>
      dataOf<readonly { dry_run?: true; parameters: { mode?: string } }[]>(
        service.call('GET', '/v1/datamarts/1/executions?max_results=100'),
      ),
  };
}

test('import --mode replace asks in a terminal, names segments and losses, and tells how to undo it', async (t) => {
  const { run, write, replace, sizes, executions, service } = await start(t);
  const fill = async () => {
    const filled = await run(...['import', '--mode', 'replace', '--max-shrink-ratio', '1', 'first.ndjson']);
    assert.equal(filled.code, 0, filled.stderr);
    assert.doesNotMatch(filled.stderr, /Replace\?/, 'nobody is asked where there is no terminal');
    assert.deepEqual(await sizes(), [10, 4]);
    return filled;
  };
  await fill();
  await write('most.ndjson', linesOf('vip', 0, 8) + linesOf('news', 0, 5));
  await write('few.ndjson', linesOf('vip', 8, 18));
  await write('bad.ndjson', `${linesOf('vip', 0, 9)}not json\n`);

  await t.test('a small loss: y replaces, anything else does not', async () => {
    for (const answer of ['n\n', '\n', 'vip\n', '\x04']) {
      const declined = await replace(['most.ndjson'], [/Replace\? \[y\/N\] $/, answer]);
      assert.equal(declined.code, 1, declined.screen);
      assert.match(declined.screen, /vip \(segment \d+\): 2 of 10 leave, 10 → 8 members\r\n/);
      assert.match(declined.screen, /news \(segment \d+\): nobody leaves, 4 → 5 members\r\n/);
      assert.match(
        declined.screen,
        /most\.ndjson: nothing was replaced, because the replacement was not confirmed/,
      );
      assert.deepEqual(await sizes(), [10, 4]);
    }
    assert.ok(
      (await executions()).slice(0, 4).every((each) => each.dry_run && each.parameters.mode === 'replace'),
    );
    const replaced = await replace(['most.ndjson'], [/Replace\? \[y\/N\] $/, 'y\n']);
    assert.equal(replaced.code, 0, replaced.screen);
    assert.deepEqual(await sizes(), [8, 5]);
    const [, undo = ''] = /undo with +muster revert (\d+)\r\n/.exec(replaced.screen) ?? [];
    const newest = await dataOf<readonly { id: string }[]>(
      service.call('GET', '/v1/datamarts/1/executions?max_results=1'),
    );
    assert.equal(undo, newest[0]?.id);
  });

  await t.test(
    'half or more: the name is typed; a segment of the same size may lose most of its members',
    async () => {
      await fill();
      const wrong = await replace(['few.ndjson'], [/Type vip to replace: $/, 'y\n']);
      assert.equal(wrong.code, 1);
      assert.match(wrong.screen, /vip \(segment \d+\): 8 of 10 leave, 10 → 10 members/);
      assert.deepEqual(await sizes(), [10, 4]);
      const right = await replace(['few.ndjson'], [/Type vip to replace: $/, 'vip\n']);
      assert.equal(right.code, 0, right.screen);
      assert.deepEqual(await sizes(), [10, 4]);
      assert.match(right.screen, /removed, not in the file +8\r\n/);
    },
  );

  await t.test('lookup --why says what put a user in, and what restored that', async () => {
    const [{ id, parameters } = assert.fail()] = await dataOf<
      readonly { id: string; parameters: { document_import_id: number } }[]
    >(service.call('GET', '/v1/datamarts/1/executions?max_results=1'));
    const reverted = await run('revert', id, '--import', String(parameters.document_import_id), '--json');
    assert.equal(reverted.code, 0, reverted.stderr);
    const by = JSON.parse(reverted.stdout) as { id: string };
    const why = await run('lookup', 'user_account_id=u3', '--why');
    const entry = 'execution \\d+, first\\.ndjson line 4';
    const back = `execution ${by.id}, which reverts ${id}`;
    assert.match(
      why.stdout,
      new RegExp(`^ +\\d+  vip +[-\\d]+ [:\\d]+  ${entry} +${back}  -$`, 'm'),
      why.stdout,
    );
    const json = JSON.parse((await run('lookup', 'user_account_id=u3', '--why', '--json')).stdout);
    assert.equal(
      json.find((of: { segment_technical_name: string }) => of.segment_technical_name === 'vip').restored_by
        .execution_id,
      by.id,
    );
  });

  await t.test('what a guard would stop is not asked about', async () => {
    const refused = await replace(['bad.ndjson']);
    assert.equal(refused.code, 1);
    assert.match(refused.screen, /dry run of bad\.ndjson: 10 lines/);
    assert.match(refused.screen, /valid, not applied +9\r\n/);
    assert.match(refused.screen, /1 of 10 commands failed \(0\.1000\), which takes max_failure_ratio=0\.1/);
    assert.doesNotMatch(refused.screen, /Replace\?|Type /);
  });

  await t.test('--yes asks nothing, and neither does an import that replaces nothing', async () => {
    const yes = await replace(['--yes', 'most.ndjson', '--max-shrink-ratio', '1']);
    assert.equal(yes.code, 0, yes.screen);
    assert.doesNotMatch(yes.screen, /Replace\?|Type /);
    assert.deepEqual(await sizes(), [8, 5]);
    const again = await replace(['--yes', 'most.ndjson']);
    assert.doesNotMatch(again.screen, /undo with/, 'nothing was changed');
    const dry = await replace(['--dry-run', 'few.ndjson', '--max-shrink-ratio', '1']);
    assert.equal(dry.code, 0, dry.screen);
    assert.doesNotMatch(dry.screen, /Replace\?|Type |undo with/);
  });
});
