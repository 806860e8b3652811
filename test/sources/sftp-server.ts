import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderFor } from './source-world.ts';

export type SftpServer = {
  readonly port: number;
  readonly user: string;
  /** Where its files are. */
  readonly folder: string;
  readonly hostKey: string;
  readonly privateKey: string;
  /** The same key, closed by the passphrase `open sesame`. */
  readonly closedKey: string;
  /** Ends it and starts it with another host key. */
  changeHostKey(): Promise<string>;
};

const SSHD = '/usr/sbin/sshd';

/** OpenSSH's server on 127.0.0.1, for whoever runs the tests, by key alone. */
export async function startSshd(t: TestContext): Promise<SftpServer> {
  assert.ok(hasSshd(), `${SSHD} and ssh-keygen are needed: apt-get install openssh-server openssh-client`);
  const home = await folderFor(t, 'sshd');
  const folder = await folderFor(t);
  const file = (name: string) => path.join(home, name);
  makeKey(file('host'));
  makeKey(file('client'));
  makeKey(file('closed'), 'open sesame');
  const own = ['client', 'closed'].map((name) => readFileSync(file(`${name}.pub`), 'utf8')).join('');
  writeFileSync(file('authorized'), own, { mode: 0o600 });
  const port = await freePort();
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  let child: ChildProcess | null = null;
  const stop = async () => {
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  };
  t.after(stop);
  const start = async (hostKey: string) => {
    writeFileSync(file('config'), configOf({ port, hostKey, authorized: file('authorized') }));
    child = spawn(SSHD, ['-D', '-e', '-f', file('config')], { stdio: ['ignore', 'ignore', 'pipe'] });
    await untilItListens(port, child);
    return fingerprint(`${hostKey}.pub`);
  };
  return {
    ...{ port, folder, user: os.userInfo().username, hostKey: await start(file('host')) },
    privateKey: readFileSync(file('client'), 'utf8'),
    closedKey: readFileSync(file('closed'), 'utf8'),
    changeHostKey: async () => {
      await stop();
      makeKey(file('other'));
      return start(file('other'));
    },
  };
}

function hasSshd(): boolean {
  try {
    execFileSync('ssh-keygen', ['-?'], { stdio: 'ignore' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
  }
  try {
    execFileSync(SSHD, ['-V'], { stdio: 'ignore' });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
  return true;
}

function configOf(of: {
  readonly port: number;
  readonly hostKey: string;
  readonly authorized: string;
}): string {
  return [
    `Port ${of.port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${of.hostKey}`,
    `AuthorizedKeysFile ${of.authorized}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'Subsystem sftp internal-sftp',
    '',
  ].join('\n');
}

export function makeKey(file: string, passphrase = ''): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', file], { stdio: 'ignore' });
}

function fingerprint(file: string): string {
  return execFileSync('ssh-keygen', ['-l', '-f', file], { encoding: 'utf8' }).split(' ')[1] ?? '';
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilItListens(port: number, child: ChildProcess): Promise<void> {
  let told = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  for (const until = Date.now() + 10_000; ; await sleep(20)) {
    const isThere = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isThere) return;
    assert.ok(child.exitCode === null && Date.now() < until, `sshd does not listen: ${told}`);
  }
}
