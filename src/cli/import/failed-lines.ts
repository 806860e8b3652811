import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import Papa from 'papaparse';

/** A line of a file that failed, as an error file tells of it. */
export type FailedLine = {
  /** null where it is no line that is told of, but those that an error file has no room for. */
  readonly line: number | null;
  readonly code: string;
  readonly message: string;
};

/**
 * Reads an error file line by line, never more of it than it has to. Its first byte tells the
 * format.
 */
export async function* readFailedLines(content: Readable): AsyncGenerator<FailedLine> {
  const head = await peek(content);
  const records = head.startsWith('{') ? ndjsonRecords(content) : csvRecords(content, separatorIn(head));
  for await (const { error_line: line, error_code: code, error_message: message } of records) {
    if (code === undefined) continue;
    const number = Number(line ?? '');
    yield { line: number > 0 ? number : null, code: String(code), message: String(message ?? '') };
  }
}

/** The first failed lines of an error file. */
export async function firstFailedLines(content: Readable, count: number): Promise<FailedLine[]> {
  const lines: FailedLine[] = [];
  for await (const line of readFailedLines(content)) {
    if (line.line !== null) lines.push(line);
    if (lines.length >= count) break;
  }
  content.destroy();
  return lines;
}

/** What has come first, which stays to be read. */
export async function peek(content: Readable): Promise<string> {
  let head: Buffer | null = content.read();
  while (head === null && !content.readableEnded) {
    await Promise.race([once(content, 'readable'), once(content, 'end')]);
    head = content.read();
  }
  if (head === null) return '';
  content.unshift(head);
  return head.toString('latin1');
}

type FailedRecord = Readonly<Record<string, unknown>>;

async function* ndjsonRecords(content: Readable): AsyncGenerator<FailedRecord> {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  for await (const chunk of content) {
    const [head = '', ...lines] = decoder.write(chunk as Buffer).split('\n');
    parts.push(head);
    for (const next of lines) {
      yield recordIn(parts.join(''));
      parts = [next];
    }
  }
  yield recordIn(parts.join('') + decoder.end());
}

function recordIn(line: string): FailedRecord {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as FailedRecord) : {};
  } catch {
    return {};
  }
}

/** The one between the columns that Muster adds at the end of the header. */
function separatorIn(head: string): string {
  return /error_line([,;\t])error_code\1/.exec(head)?.[1] ?? ',';
}

async function* csvRecords(content: Readable, delimiter: string): AsyncGenerator<FailedRecord> {
  const parser = Papa.parse(Papa.NODE_STREAM_INPUT, { header: true, skipEmptyLines: true, delimiter });
  content.on('error', (error) => parser.destroy(error));
  for await (const record of content.pipe(parser)) yield record as FailedRecord;
}
