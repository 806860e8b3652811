import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { folderFor } from './source-world.ts';

export type FileServer = {
  readonly url: string;
  readonly port: number;
  /** The certificate of its authority, in PEM. */
  readonly ca: string;
  readonly requests: IncomingMessage[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
};

/**
 * A web server with TLS on 127.0.0.1, whose certificate is of an authority of its own, which nobody
 * else trusts.
 */
export async function startTlsFiles(t: TestContext): Promise<FileServer> {
  const folder = await folderFor(t);
  const file = (name: string) => path.join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore', cwd: folder });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...curve,
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  );
  openssl(
    'req',
    ...curve,
    '-subj',
    '/CN=files',
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:files.test',
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-copy_extensions',
    'copy',
    '-days',
    '2',
    '-out',
    'server.pem',
  );
  const requests: IncomingMessage[] = [];
  const of: FileServer = {
    url: '',
    port: 0,
    ca: readFileSync(file('ca.pem'), 'utf8'),
    requests,
    answer: (_request, response) => response.writeHead(404).end(),
  };
  const server = createServer(
    { key: readFileSync(file('server.key')), cert: readFileSync(file('server.pem')) },
    (request, response) => {
      requests.push(request);
      of.answer(request, response);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(of, { port, url: `https://127.0.0.1:${port}` });
}
