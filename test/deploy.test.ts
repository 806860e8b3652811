import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { isProxy, originReader } from '../src/http/client-address.ts';
import { isPublicAddress } from '../src/webhooks/public-address.ts';

function read(file: string): string {
  return readFileSync(path.resolve(import.meta.dirname, '..', file), 'utf8');
}

const BY_DIGEST = /^[a-z][a-z0-9./-]*:[a-z0-9.-]+@sha256:[0-9a-f]{64}$/;
/** Stands for the digest of what was built, and is no name that an image can have. */
const PLACEHOLDER = 'MUSTER_IMAGE';

test('every image that is pulled is named by its digest', () => {
  const args = new Map(
    [...read('Dockerfile').matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
  );
  const based = [...read('Dockerfile').matchAll(/^FROM \$\{(\w+)\}/gm)].map(
    ([, name]) => args.get(name) ?? '',
  );
  assert.equal(based.length, (read('Dockerfile').match(/^FROM /gm) ?? []).length, 'each FROM names an ARG');
  assert.ok(based.length > 0);
  for (const image of based) assert.match(image, BY_DIGEST);

  const compose = read('compose.yaml');
  const composed = [...compose.matchAll(/^\s+image: (\S+)$/gm)].map(([, image]) => image ?? '');
  assert.equal(
    composed.filter((image) => image === 'muster').length,
    (compose.match(/^\s+build: \.$/gm) ?? []).length,
  );
  for (const image of composed) if (image !== 'muster') assert.match(image, BY_DIGEST);
  assert.ok(composed.length > 3);

  const deployed = [...read('deploy/kubernetes/muster.yaml').matchAll(/^\s+image: (\S+)$/gm)].map(
    ([, image]) => image,
  );
  assert.deepEqual(deployed, [PLACEHOLDER, PLACEHOLDER]);
});

test('nodes on Kubernetes have no token of the cluster, and reach what they need alone', () => {
  const documents = read('deploy/kubernetes/muster.yaml').split(/^---$/m);
  const of = (kind: string) => documents.find((each) => each.includes(`\nkind: ${kind}\n`)) ?? '';
  assert.match(of('Deployment'), /^ {6}automountServiceAccountToken: false$/m);
  const policy = of('NetworkPolicy');
  assert.match(policy, /policyTypes: \[Ingress, Egress\]/);
  assert.match(policy, /podSelector:\n\s+matchLabels: \{ app: muster \}/);
  const networks = [...policy.matchAll(/^ {14}- (\S+)$/gm)].map(([, network]) => network ?? '');
  assert.ok(networks.length > 5);
  for (const network of networks) assert.ok(!isPublicAddress(network.split('/')[0] ?? ''), network);
});

test('nodes trust their balancer, and nobody who comes through it', () => {
  const trusted = /MUSTER_TRUST_PROXY: (\S+)$/m;
  const [, compose = ''] = trusted.exec(read('compose.yaml')) ?? [];
  assert.ok(read('compose.yaml').includes(`ipv4_address: ${compose}\n`), 'the address of the balancer');
  const gateway = '172.30.77.1';
  const origin = originReader([compose])({
    socket: { remoteAddress: compose },
    headers: { 'x-forwarded-for': `203.0.113.1, ${gateway}` },
  } as never);
  assert.equal(origin.client, gateway);
  const [, kubernetes = ''] = trusted.exec(read('deploy/kubernetes/muster.yaml')) ?? [];
  assert.ok(isProxy(kubernetes));
});
