import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createImport } from '../client.ts';
import { makeFolder } from '../folder.ts';
import { muster, NO_PROFILES } from './run.ts';
import { sharedService } from './shared.ts';

const shared = sharedService({ segments: ['vip', 'visitors', 'two words'] });
const DIST = path.resolve(import.meta.dirname, '../../dist');

/** What a shell offers for a command line, by the script that `muster completion` prints for it. */
const SHELLS = {
  bash: (words: readonly string[]) =>
    `source <(muster completion bash); COMP_WORDS=(${words.map(quoted).join(' ')}); COMP_CWORD=${words.length - 1}
     _muster; [[ $(complete -p muster) == *_muster* ]] && printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: (words: readonly string[]) =>
    `compdef() { }; source <(muster completion zsh)
     _describe() { print -rl -- "\${(@)\${(P)2}%%:*}" }; _files() { print -rl -- *(N) }
     words=(${words.map(quoted).join(' ')}); CURRENT=${words.length}; _muster`,
  fish: (words: readonly string[]) =>
    `muster completion fish | source; complete -C ${quoted(words.join(' '))} | string replace -r '\\t.*' ''`,
} as const;

type Shell = keyof typeof SHELLS;

function quoted(word: string): string {
  return `'${word}'`;
}

async function open() {
  const service = await shared.open();
  const folder = await makeFolder();
  shared.discard(folder);
  await mkdir(path.join(folder, 'bin'));
  await mkdir(path.join(folder, 'files', 'old'), { recursive: true });
  await symlink(path.join(DIST, 'bin.cjs'), path.join(folder, 'bin', 'muster'));
  const env = {
    ...{
      PATH: `${path.join(folder, 'bin')}:${process.env.PATH}`,
      HOME: folder,
      XDG_CONFIG_HOME: NO_PROFILES,
    },
    ...{ MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token },
  };
  const offered = (shell: Shell, ...words: string[]) => {
    const script = SHELLS[shell](['muster', ...words]);
    const quiet = shell === 'bash' ? ['--norc'] : shell === 'zsh' ? ['-f'] : ['--no-config'];
    const { stdout, stderr, error } = spawnSync(shell, [...quiet, '-c', script], {
      ...{ env, encoding: 'utf8', cwd: path.join(folder, 'files') },
    });
    assert.equal(error, undefined);
    assert.equal(stderr.replace(/^fish: .*\n/gm, ''), '');
    return stdout.split('\n').filter((line) => line !== '');
  };
  return { offered, service, env };
}

for (const shell of Object.keys(SHELLS) as Shell[]) {
  const isMissing = spawnSync(shell, ['--version']).error !== undefined;
  const skip = isMissing ? `there is no ${shell}` : false;
  test(`${shell} completes commands, flags, their values, names of the service and files`, {
    skip,
  }, async () => {
    const { offered, service } = await open();
    await createImport(service, { format: 'CSV' });
    assert.deepEqual(offered(shell, 'imp').sort(), ['import', 'import-store', 'imports']);
    assert.ok(offered(shell, 'segments', '').includes('history'));
    assert.deepEqual(offered(shell, 'import', '--dr'), ['--dry-run']);
    assert.deepEqual(offered(shell, 'import', 'x.csv', '--mode', 're'), ['replace']);
    assert.deepEqual(offered(shell, 'export', 'vi').sort(), ['vip', 'visitors']);
    assert.deepEqual(offered(shell, 'import', '--segment', 'two'), [
      shell === 'bash' ? 'two\\ words' : 'two words',
    ]);
    assert.deepEqual(offered(shell, 'nonsense', ''), []);
    assert.ok(offered(shell, 'import', '').some((name) => name.startsWith('old')));
  });
}

test('bash completes what stands behind an equals sign', async () => {
  const { offered } = await open();
  assert.deepEqual(offered('bash', 'tokens', 'create', '--role', '=', 'ed'), ['editor']);
});

test('completion goes on without a service', async () => {
  const { stdout, code } = await muster(['__complete', 'export', ''], {
    env: { MUSTER_URL: 'http://127.0.0.1:1' },
  });
  assert.equal(code, 0);
  assert.equal(stdout.trim(), '');
});

test('a name that is nearly one of a segment or an import is guessed', async () => {
  const { env, service } = await open();
  await createImport(service, { format: 'NDJSON' });
  const segment = await muster(['export', 'vipp'], { env });
  assert.match(segment.stderr, /no segment has the technical name "vipp"; did you mean vip\?/);
  const imported = await muster(['executions', '--import', 'test NDJSN'], { env });
  assert.match(imported.stderr, /no document import is named "test NDJSN"; did you mean test NDJSON\?/);
});

test('the reference and the man page are those of the commands', async () => {
  const made = await muster(['__reference', 'markdown']);
  const kept = await readFile(path.resolve(DIST, '../docs/cli.md'), 'utf8');
  assert.equal(kept, made.stdout, 'docs/cli.md is out of date: npm run build && npm run reference');
  const page = await readFile(path.join(DIST, 'man/muster.1'), 'utf8');
  assert.equal(page, (await muster(['__reference', 'man'])).stdout);
  const read = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-P-cbou'], { input: page, encoding: 'utf8' });
  if (read.error === undefined) {
    assert.equal(read.stderr, '');
    assert.match(read.stdout, /muster import FILE… \[flags\]/);
  }
  for (const [shell, file] of [
    ['bash', 'muster.bash'],
    ['zsh', '_muster'],
    ['fish', 'muster.fish'],
  ] as const) {
    const packed = await readFile(path.join(DIST, 'completions', file), 'utf8');
    assert.equal(packed, (await muster(['completion', shell])).stdout);
  }
});
