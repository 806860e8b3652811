import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a receiver of webhooks got. */
export type Received = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: { readonly type: string; readonly timestamp: string; readonly data: Data };
};
type Data = Readonly<Record<string, unknown>> & { readonly result?: Readonly<Record<string, number>> };

export type Receiver = {
  readonly url: string;
  /** Everything so far, in the order in which it came. */
  readonly received: readonly Received[];
  /** Waits until there are so many; resolves to them. */
  until(count: number): Promise<readonly Received[]>;
  /** How the next ones are answered; 204 unless said otherwise. */
  answer(how: (response: ServerResponse, received: Received) => void): void;
};

/** A receiver of webhooks on a port of 127.0.0.1; it ends with the test. */
export async function startReceiver(t: TestContext): Promise<Receiver> {
  const received: Received[] = [];
  let respond: Parameters<Receiver['answer']>[0] = (response) => {
    response.writeHead(204).end();
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const one = { path: request.url ?? '', headers: request.headers, text, body: JSON.parse(text) };
    received.push(one);
    respond(response, one);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    until: async (count) => {
      for (let tries = 0; received.length < count; tries++) {
        assert.ok(tries < 3_000, `${received.length} of ${count} have come`);
        await sleep(5);
      }
      return received;
    },
    answer: (how) => {
      respond = how;
    },
  };
}

/** Whether one of the signatures is that of `secret`, by the text of the specification. */
export function isSignedBy(secret: string, { headers, text }: Received): boolean {
  const [, encoded = ''] = /^whsec_(.+)$/.exec(secret) ?? [];
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
  const mac = createHmac('sha256', Buffer.from(encoded, 'base64')).update(signed).digest('base64');
  return String(headers['webhook-signature']).split(' ').includes(`v1,${mac}`);
}
