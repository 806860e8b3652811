import { isUtf8 } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';

/** A call takes as many commands, and a body as many bytes with the frame around them. */
const MOST_COMMANDS = 1_000;
const MOST_BYTES = 1024 * 1024 - 64;

/** A line that is no command, or whose command cannot be sent. */
export type BrokenLine = {
  readonly line: number;
  readonly error_code: string;
  readonly error_message: string;
};

/**
 * What goes into one call: texts of JSON values with the numbers of their lines; and lines that
 * need not be sent.
 */
export type Batch = {
  readonly commands: readonly { readonly line: number; readonly text: string }[];
  readonly broken: readonly BrokenLine[];
};

/**
 * Cuts NDJSON into what calls take. What has come is not held back for more: lines that somebody
 * writes one by one are sent one by one.
 */
export async function* batchesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Batch> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.subarray(end);
    if (rest.length > MOST_BYTES) {
      // it is refused as soon as it is too long, and its end is not waited for in memory
      rest = Buffer.from(rest.subarray(0, MOST_BYTES + 1));
    }
    const lines = end === 0 ? [] : linesOf(bytes.subarray(0, end - 1));
    yield* batches(lines, line);
    line += lines.length;
  }
  if (rest.length > 0) yield* batches([rest], line);
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at <= bytes.length; ) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline === -1 ? bytes.length : newline;
    lines.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return lines;
}

function* batches(lines: readonly Buffer[], linesBefore: number): Generator<Batch> {
  let commands: { line: number; text: string }[] = [];
  let broken: BrokenLine[] = [];
  let size = 0;
  for (const [i, bytes] of lines.entries()) {
    const line = linesBefore + i + 1;
    const read = readLine(bytes);
    if (read === null) continue;
    if (typeof read !== 'string') {
      broken.push({ line, ...read });
      continue;
    }
    if (commands.length === MOST_COMMANDS || size + bytes.length + 1 > MOST_BYTES) {
      yield { commands, broken };
      [commands, broken, size] = [[], [], 0];
    }
    commands.push({ line, text: read });
    size += bytes.length + 1;
  }
  if (commands.length + broken.length > 0) yield { commands, broken };
}

/** The text of a line, null of a blank one; or why it cannot be sent. */
function readLine(bytes: Buffer): string | null | Omit<BrokenLine, 'line'> {
  if (bytes.length > MOST_BYTES)
    return {
      error_code: 'LINE_TOO_LONG',
      error_message: `a line may have ${MOST_BYTES} bytes, this one has more`,
    };
  if (!isUtf8(bytes)) return { error_code: 'INVALID_ENCODING', error_message: 'the line is not valid UTF-8' };
  const text = new StringDecoder('utf8')
    .end(bytes)
    .replace(/^\ufeff+/, '')
    .trim();
  if (text === '') return null;
  try {
    JSON.parse(text);
    return text;
  } catch {
    return { error_code: 'INVALID_JSON', error_message: 'not JSON; each command needs a line of its own' };
  }
}
