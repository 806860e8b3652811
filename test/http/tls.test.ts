import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { readConfig } from '../../src/config.ts';
import { muster, start, untilPrinted } from '../cli/run.ts';
import { discardFolder, makeFolder } from '../folder.ts';

const TOKEN = 'tls-token-of-32-characters-or-so';

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
const skip = hasOpenssl() ? false : 'openssl is not there to make certificates';

/** Makes a certificate for 127.0.0.1 that is its own authority. */
function makeCertificate(folder: string, name: string) {
  const [cert, key] = [path.join(folder, `${name}.pem`), path.join(folder, `${name}.key`)];
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  );
  return { cert, key };
}

async function startTls(t: TestContext) {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const { cert, key } = makeCertificate(folder, 'first');
  const service = start(
    ['serve', '--port', '0', '--admin-token', TOKEN, '--tls-cert', cert, '--tls-key', key],
    { cwd: folder },
  );
  t.after(() => service.child.kill('SIGKILL'));
  const [, url = ''] = await untilPrinted(service, /^Muster listens on (https:\/\/127\.0\.0\.1:\d+)$/m);
  return { service, url, folder, cert, key };
}

/** Common name of the certificate that a new connection is shown. */
function shownCertificate(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      const { CN } = socket.getPeerCertificate().subject;
      resolve(String(CN));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

test('speaks HTTPS, to the CLI too when it trusts the authority', { skip }, async (t) => {
  const { url, cert } = await startTls(t);
  const args = ['segments', '--url', url, '--token', TOKEN];
  assert.equal((await muster(args, { env: { NODE_EXTRA_CA_CERTS: cert } })).code, 0);
  const distrusted = await muster(args);
  assert.notEqual(distrusted.code, 0);
  assert.match(distrusted.stderr, /no service at https:.*CERT/s);
  await assert.rejects(fetch(url.replace('https', 'http')), 'plain HTTP is not answered');
  const { hostname, port } = new URL(url);
  for (const [request, status] of [
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 200],
    ['nonsense\r\n\r\n', 400],
    ['GET /v1/%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 400],
  ] as const) {
    const socket = tls.connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
    socket.write(request);
    const parts: Buffer[] = [];
    for await (const part of socket as AsyncIterable<Buffer>) parts.push(part);
    const answer = Buffer.concat(parts).toString();
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(answer, /^strict-transport-security: max-age=31536000\r$/im);
  }
});

test('SIGHUP takes up a new certificate while connections go on, and keeps the old one when it is bad', {
  skip,
}, async (t) => {
  const { service, url, folder, cert, key } = await startTls(t);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  t.after(() => agent.destroy());
  const request = https.request(`${url}/v1/audience_segments`, {
    ...{ agent, method: 'POST', headers: { authorization: TOKEN, 'content-type': 'application/json' } },
  });
  const answered = new Promise<number>((resolve, reject) => {
    request.once('response', (response) => resolve(response.resume().statusCode ?? 0)).once('error', reject);
  });
  request.write('{"datamart_id":"1",');
  assert.equal(await shownCertificate(url), 'first');

  const second = makeCertificate(folder, 'second');
  await copyFile(second.cert, cert);
  await copyFile(second.key, key);
  service.child.kill('SIGHUP');
  while ((await shownCertificate(url)) !== 'second') await sleep(20);
  await writeFile(key, 'nonsense');
  service.child.kill('SIGHUP');
  await untilPrinted(service, /could not be read again/);
  assert.equal(await shownCertificate(url), 'second');
  request.end('"name":"s"}');
  assert.equal(await answered, 200, 'a request that was under way');
});

test('one of the two files alone, or files that cannot be used, stop the start', { skip }, async (t) => {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const { cert } = makeCertificate(folder, 'alone');
  const { key } = makeCertificate(folder, 'other');
  assert.throws(() => readConfig({ 'tls-cert': cert }, {}), /tlsCert and tlsKey/);
  const args = ['serve', '--port', '0', '--tls-cert', cert, '--tls-key'];
  for (const wrong of [key, path.join(folder, 'absent')]) {
    const { code, stderr } = await muster([...args, wrong], { cwd: folder });
    assert.equal(code, 1);
    assert.match(stderr, /^error: tlsCert, tlsKey: cannot be used: /m);
  }
});
