import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import type { TestContext } from 'node:test';

/** What a name server says of a name: addresses, of which there may be none; or nothing at all. */
export type Said = readonly string[] | 'SILENCE';

export type NameServer = {
  /** `127.0.0.1:PORT`, as settings take it. */
  readonly address: string;
  /** The names that were asked for, with the kind of address, in the order in which they came. */
  readonly queries: readonly string[];
};

const A = 1;
const AAAA = 28;
const ANSWER = 0x8180;
const NO_SUCH_NAME = 0x8183;

/**
 * A name server (RFC 1035) on a UDP port of 127.0.0.1; names of which `say` knows nothing do not
 * exist. It ends with the test.
 */
export async function startNameServer(
  t: TestContext,
  say: (name: string, kind: 'A' | 'AAAA') => Said | undefined,
): Promise<NameServer> {
  const queries: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = readQuestion(query);
    const kind = type === AAAA ? 'AAAA' : 'A';
    queries.push(`${kind} ${name}`);
    const said = type === A || type === AAAA ? say(name, kind) : undefined;
    if (said === 'SILENCE') return;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(said ? ANSWER : NO_SUCH_NAME, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(said?.length ?? 0, 6);
    const records = (said ?? []).map((text) => recordOf(type, text));
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return { address: `127.0.0.1:${socket.address().port}`, queries };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** A record of the name that the question has, for no time at all. */
function recordOf(type: number, address: string): Buffer {
  const bytes = isIPv4(address) ? address.split('.').map(Number) : wordsOf(address);
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, bytes.length]);
  return Buffer.concat([head, Buffer.from(bytes)]);
}

/** The bytes of an IPv6 address, which may leave zeros out by `::`. */
function wordsOf(address: string): number[] {
  const [before = [], after = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].flatMap((word) => {
    const number = Number.parseInt(word, 16);
    return [number >> 8, number & 0xff];
  });
}
