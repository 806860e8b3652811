import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import ssh, { type Client, type SFTPWrapper, type Stats } from 'ssh2';
import type { SeenFile, SourceLocation } from '../model/source.ts';
import { unfitName } from './file-names.ts';
import { lookUpOf, wrongHost } from './reach.ts';
import type { ListedFile, Opening, OpenSource } from './source-driver.ts';
import { reasonOfFault, SourceError } from './source-error.ts';

const { STATUS_CODE } = ssh.utils.sftp;

type Sftp = Extract<SourceLocation, { kind: 'SFTP' }>;

/** How long a connection may take to be made, with its log-in. */
const CONNECT_MS = 20_000;
const KEEPALIVE = { keepaliveInterval: 15_000, keepaliveCountMax: 3 } as const;

/** A host key as `ssh-keygen -l` shows it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replaceAll('=', '')}`;
}

/**
 * A folder of an SFTP server. Nothing is sent to a server whose host key is another than the one
 * that is known.
 */
export async function openSftp(location: Sftp, opening: Opening): Promise<OpenSource> {
  const { host, port, folder } = location;
  const wrong = wrongHost(host, port, opening.network);
  if (wrong !== null) throw new SourceError(`host: ${wrong}`);
  const client = new ssh.Client();
  const socket = await connectTo(location, opening);
  const end = () => {
    client.destroy();
    socket.destroy();
  };
  opening.signal.addEventListener('abort', end, { once: true });
  let sftp: SFTPWrapper;
  try {
    await logIn(client, socket, { location, opening });
    sftp = await call<SFTPWrapper>('the server has no SFTP', (done) => client.sftp(done));
  } catch (fault) {
    end();
    throw fault;
  }
  // without a listener it would end the process
  client.on('error', () => undefined);
  const pathOf = (name: string) => path.posix.join(folder, name);

  async function look(name: string): Promise<SeenFile | null> {
    try {
      const stats = await call<Stats>('the file', (done) => sftp.lstat(pathOf(name), done));
      return stats.isFile() ? seen(name, stats) : null;
    } catch (fault) {
      if (codeOf(fault) === STATUS_CODE.NO_SUCH_FILE) return null;
      throw fault;
    }
  }

  async function isStill(file: SeenFile): Promise<boolean> {
    const now = await look(file.name);
    return now !== null && now.bytes === file.bytes && now.modifiedTs === file.modifiedTs;
  }

  return {
    async *list(): AsyncGenerator<ListedFile> {
      const handle = await call<Buffer>('the folder', (done) => sftp.opendir(folder, done));
      try {
        for (let page = await readPage(sftp, handle); page !== null; page = await readPage(sftp, handle)) {
          opening.signal.throwIfAborted();
          for (const { filename: name, attrs } of page) {
            if (attrs.isDirectory()) continue;
            yield { ...seen(name, attrs), unfit: unfitName(name) ?? unfitKind(attrs) };
          }
        }
      } finally {
        sftp.close(handle, () => undefined);
      }
    },
    // its clock is another one, which tells nothing of how long it has not changed
    stateOf: async () => 'UNSURE',
    look,
    async read(file) {
      const stream = sftp.createReadStream(pathOf(file.name), { highWaterMark: 256 * 1024 });
      return {
        stream,
        contentEncoding: null,
        isUnchanged: () => isStill(file),
        close: async () => {
          stream.destroy();
        },
      };
    },
    async move(file, to) {
      if (!(await isStill(file))) return;
      const taken = pathOf(to.folder);
      const isThere = await call<Stats>('', (done) => sftp.stat(taken, done)).catch(() => null);
      if (isThere === null)
        await call('the folder of files that were taken', (done) => sftp.mkdir(taken, done));
      const target = path.posix.join(taken, `${to.prefix}${file.name}`);
      await call('the file', (done) => sftp.rename(pathOf(file.name), target, done));
    },
    async remove(file) {
      if (await isStill(file)) await call('the file', (done) => sftp.unlink(pathOf(file.name), done));
    },
    close: async () => {
      opening.signal.removeEventListener('abort', end);
      client.end();
      socket.destroySoon();
    },
  };
}

async function connectTo({ host, port }: Sftp, { network, signal }: Opening): Promise<Socket> {
  const lookup = lookUpOf(host, port, { network, signal });
  const socket = connect({ host, port, lookup, signal, timeout: CONNECT_MS });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => {
      socket.setTimeout(0);
      resolve(socket);
    });
    socket.once('timeout', () =>
      socket.destroy(new SourceError(`no connection came within ${CONNECT_MS} ms`)),
    );
    socket.once('error', (cause) =>
      reject(cause instanceof SourceError ? cause : new SourceError(reasonOfFault(cause), { cause })),
    );
  });
}

function logIn(
  client: Client,
  sock: Socket,
  { location, opening }: { readonly location: Sftp; readonly opening: Opening },
): Promise<void> {
  const { password, private_key: privateKey, passphrase } = opening.credentials;
  let refusal: SourceError | null = null;
  return new Promise((resolve, reject) => {
    client.once('ready', resolve);
    client.once('close', () =>
      reject(refusal ?? new SourceError('the connection was closed before the log-in')),
    );
    client.on('error', (cause) => reject(refusal ?? whyNotLoggedIn(cause)));
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, answer) =>
      answer(prompts.map(() => password ?? '')),
    );
    const verify = (key: Buffer, answer: (isRight: boolean) => void) => {
      checkHostKey(fingerprintOf(key), location, opening).then(
        () => answer(true),
        (fault: unknown) => {
          refusal =
            fault instanceof SourceError
              ? fault
              : new SourceError('the host key could not be noted', { cause: fault });
          answer(false);
        },
      );
    };
    try {
      client.connect({
        ...{ sock, username: location.user, readyTimeout: CONNECT_MS, ...KEEPALIVE },
        hostVerifier: verify,
        tryKeyboard: password !== undefined,
        ...(password === undefined ? {} : { password }),
        ...(privateKey === undefined ? {} : { privateKey }),
        ...(passphrase === undefined ? {} : { passphrase }),
      });
    } catch (cause) {
      // of a key that it cannot read, before anything is sent
      reject(
        new SourceError(
          'the private key cannot be read: expected one in OpenSSH or PEM format, and its passphrase',
          { cause },
        ),
      );
    }
  });
}

/** The key of the first connection is noted before anything is sent to the server. */
async function checkHostKey(
  given: string,
  { hostKey }: Sftp,
  { knownHostKey, noteHostKey }: Opening,
): Promise<void> {
  const known = hostKey ?? knownHostKey ?? (await noteHostKey(given));
  if (known === given) return;
  throw new SourceError(
    `the host key of the server is ${given}, expected ${known}: if that is right, set it as host_key`,
  );
}

function whyNotLoggedIn(cause: Error & { level?: string }): SourceError {
  if (cause.level === 'client-authentication')
    return new SourceError('the server refuses the credentials', { cause });
  if (cause.level === 'client-timeout')
    return new SourceError(`no log-in came within ${CONNECT_MS} ms`, { cause });
  if (cause.level === 'protocol' || cause.level === 'handshake')
    return new SourceError('the server does not speak SSH as it is expected to', { cause });
  return new SourceError(reasonOfFault(cause), { cause });
}

type Entry = { readonly filename: string; readonly attrs: Stats };

/** The next entries of a folder; null at its end. */
async function readPage(sftp: SFTPWrapper, handle: Buffer): Promise<readonly Entry[] | null> {
  try {
    return await call<readonly Entry[]>('the folder', (done) =>
      sftp.readdir(handle, (fault, list) => done(fault, list as unknown as readonly Entry[])),
    );
  } catch (fault) {
    if (codeOf(fault) === STATUS_CODE.EOF) return null;
    throw fault;
  }
}

function seen(name: string, { size, mtime }: Pick<Stats, 'size' | 'mtime'>): SeenFile {
  return { name, bytes: size, etag: null, modifiedTs: mtime * 1000 };
}

function unfitKind(attrs: Stats): string | null {
  if (attrs.isFile()) return null;
  return attrs.isSymbolicLink() ? 'it is a link, and links are not followed' : 'it is no file';
}

const REASONS: Readonly<Record<number, string>> = {
  [STATUS_CODE.NO_SUCH_FILE]: 'is not there',
  [STATUS_CODE.PERMISSION_DENIED]: 'may not be used by this user',
};

function codeOf(fault: unknown): unknown {
  const { cause } = fault as Error;
  return ((cause ?? fault) as { code?: unknown }).code;
}

function call<T>(what: string, ask: (done: (fault?: Error | null, result?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    ask((fault, result) => {
      if (!fault) return resolve(result as T);
      const code = Number((fault as { code?: unknown }).code);
      reject(
        new SourceError(`${what} ${REASONS[code] ?? `cannot be used: the server says ${code}`}`, {
          cause: fault,
        }),
      );
    });
  });
}
