import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { NO_PROFILES, start, untilPrinted } from '../cli/run.ts';
import { clientOf, dataOf, type MembershipAnswer } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { type Block, blocksOf } from './blocks.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../dist/bin.cjs');
const MARK = '\u0001';

type Place = {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly url: string;
  readonly token: string;
};

/**
 * A folder where `muster serve` runs on a free port, and a shell whose path has `muster`, as after
 * `npm link`.
 */
async function openPlace(t: TestContext): Promise<Place> {
  const folder = await makeFolder();
  const service = start(['serve'], { cwd: folder, env: { MUSTER_PORT: '0', MUSTER_LOG_LEVEL: 'warn' } });
  t.after(async () => {
    service.child.kill();
    await service.ended;
    await discardFolder(t, folder);
  });
  const bin = path.join(folder, 'bin');
  await mkdir(bin);
  await symlink(PROGRAM, path.join(bin, 'muster'));
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(MUSTER_|NO_COLOR|FORCE_COLOR)/.test(name),
  );
  const env = {
    ...Object.fromEntries(inherited),
    PATH: `${bin}:${process.env.PATH}`,
    XDG_CONFIG_HOME: NO_PROFILES,
  };
  const [, url = '', token = ''] = await untilPrinted(
    service,
    /listens on (\S+)\n(?:.*\n)*?.*shown only once: (\S+)\n/,
  );
  return { folder, env, url, token };
}

type Ran = { readonly stdout: string; readonly stderr: string; readonly failed: readonly string[] };

/**
 * Runs blocks one after the other in one shell, so that each has what the ones before have set.
 * Resolves to what each printed, with the commands in it that did not exit with 0.
 */
async function runBlocks(blocks: readonly Block[], { folder, env }: Place): Promise<readonly Ran[]> {
  const trap = String.raw`trap 'printf "\001%s %s\n" "$?" "$BASH_COMMAND" >&2' ERR`;
  const end = String.raw`printf '\002'; printf '\002' >&2`;
  const script = ['set -Eo pipefail', trap, ...blocks.map(({ text }) => `${text}${end}`)].join('\n');
  const child = spawn('bash', ['--norc', '-c', script], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const [code] = await once(child, 'close');
  const stdouts = output.stdout.split('\u0002');
  const stderrs = output.stderr.split('\u0002');
  assert.equal(code, 0, output.stderr);
  assert.equal(stdouts.length, blocks.length + 1, output.stderr);
  return blocks.map((_, at) => {
    const lines = (stderrs[at] ?? '').split('\n');
    return {
      stdout: stdouts[at] ?? '',
      stderr: lines.filter((line) => !line.startsWith(MARK)).join('\n'),
      failed: lines.filter((line) => line.startsWith(MARK)).map((line) => line.slice(MARK.length)),
    };
  });
}

/** What is another one each time: how long it took, and where the service listens. */
function lasting(text: string): string[] {
  return text
    .replace(/\bin \d+(\.\d+)? (ms|s)\b/g, 'in … s')
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'http://…')
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}

test('every shell block of docs/getting-started.md does what the page says', async (t) => {
  const blocks = blocksOf('getting-started.md');
  const [install, connect, ...rest] = blocks.filter(({ language }) => language === 'sh');
  assert.ok(install && connect);
  assert.match(install.text, /^npm ci && npm run --silent build && npm link .*\nmuster serve\n$/);
  const place = await openPlace(t);
  const { url, token } = place;
  const text = connect.text.replace('http://127.0.0.1:8080', url).replace('muster_…', token);
  assert.notEqual(text, connect.text);

  const shell = [{ ...connect, text }, ...rest];
  const ran = await runBlocks(shell, place);
  const failed = ran.flatMap((each) => each.failed);
  assert.deepEqual(failed, ['2 muster import --dry-run night.csv', '2 muster import night.csv']);

  let shown = 0;
  for (const [at, block] of blocks.entries()) {
    if (block.language === 'sh') continue;
    const before = blocks.slice(0, at).filter(({ language }) => language === 'sh').length;
    const { stdout, stderr } = ran[before - 2] ?? { stdout: '', stderr: '' };
    const printed = lasting(stdout);
    for (const line of lasting(block.text))
      assert.ok(printed.includes(line), `expected the line ${line} of the page, got ${stdout}${stderr}`);
    shown += 1;
  }
  assert.ok(shown >= 5, 'the page shows what is printed');

  const service = clientOf(url, token);
  const segmentsOf = async (account: string) =>
    (
      await dataOf<MembershipAnswer[]>(
        service.call('GET', `/v1/datamarts/1/user_segments/user_account_id=${account}`),
      )
    ).map(({ segment_name }) => segment_name);
  assert.deepEqual(await segmentsOf('1003'), ['VIP customers'], 'the revert has put them back');
  assert.deepEqual(await segmentsOf('1004'), [], 'the revert has taken them out');
  assert.deepEqual(await segmentsOf('1005'), ['VIP customers'], 'the corrected line was imported');
});
