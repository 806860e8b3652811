import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createSegment, getSegment, membershipsOf } from '../client.ts';
import { CLI, muster, NO_PROFILES, startMuster } from './run.ts';

const line = (user: string, more: object = {}) =>
  JSON.stringify({
    ...{ operation: 'UPDATE', user_account_id: user, segment_technical_name: 'vip', expiration_duration: 0 },
    ...more,
  });

test('muster apply applies lines as they come, and says which fail', async (t) => {
  const { run, folder, service } = await startMuster(t);
  const segmentId = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };

  await t.test('a file, in several calls', async () => {
    const lines = Array.from({ length: 2_500 }, (_, i) => line(`u${i}`));
    lines[1_200] = '{"operation":';
    lines[1_201] = '';
    lines[1_300] = line('', {});
    await writeFile(path.join(folder, 'changes.ndjson'), `\ufeff${lines.join('\r\n')}`);
    const applied = await run('apply', 'changes.ndjson');
    assert.equal(applied.code, 2, applied.stderr);
    assert.match(applied.stdout, /^line 1201: INVALID_JSON: .*\nline 1301: MISSING_IDENTIFIER: .*\n$/);
    assert.match(applied.stderr, /^2,497 commands applied, 2 failed; 2,497 memberships created; /);
    assert.equal((await getSegment(service, segmentId)).user_points_count, 2_497);
  });

  await t.test('standard input, a command as soon as it is written', async () => {
    const child = spawn(process.execPath, [CLI, 'apply', '--json'], {
      env: { ...process.env, XDG_CONFIG_HOME: NO_PROFILES, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const printed = child.stdout.setEncoding('utf8')[Symbol.asyncIterator]();
    for (const [i, user] of ['first', 'second'].entries()) {
      child.stdin.write(`${line(user)}\n`);
      const { value } = await printed.next();
      assert.deepEqual(JSON.parse(value), { line: i + 1, outcome: 'SUCCESS' });
      assert.equal((await membershipsOf(service, `user_account_id=${user}`))?.length, 1);
    }
    child.stdin.end();
    assert.deepEqual(await exited, [0, null]);
  });

  await t.test('commands as they are written', async () => {
    const big = `{"operation":"UPDATE","user_agent_id":12345678901234567890,"segment_id":${segmentId},"expiration_ts":0}`;
    const input = `${big}\n"text"\n`;
    const ended = await muster(['apply', '-', '--json'], { env, input });
    assert.equal(ended.code, 2, ended.stderr);
    const [first, second] = ended.stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    assert.deepEqual(first, { line: 1, outcome: 'SUCCESS' });
    assert.deepEqual([second.line, second.outcome, second.error_code], [2, 'FAILURE', 'NOT_AN_OBJECT']);
    assert.equal((await membershipsOf(service, 'user_agent_id=12345678901234567890'))?.length, 1);
  });

  await t.test('a dry run', async () => {
    const ended = await muster(['apply', '--dry-run'], { env, input: line('nobody') });
    assert.deepEqual([ended.code, ended.stdout], [0, '']);
    assert.match(ended.stderr, /^1 command would be applied, 0 failed; 1 membership created/);
    assert.equal(await membershipsOf(service, 'user_account_id=nobody'), null);
  });

  await t.test('what cannot be read, or may not be sent', async () => {
    const none = await run('apply', 'missing.ndjson');
    assert.equal(none.code, 1);
    assert.match(none.stderr, /no such file/);
    const refused = await muster(['apply', '--token', 'wrong'], { env, input: line('u') });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /stopped at line 1; the lines before it were applied/);
  });
});
