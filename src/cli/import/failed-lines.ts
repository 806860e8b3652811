import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import Papa from 'papaparse';
import type { Format } from './source.ts';

/** A line of a file that failed, as an error file tells of it. */
export type FailedLine = {
  readonly line: number;
  readonly code: string;
  readonly message: string;
};

/** Reads an error file line by line, never more of it than it has to. */
export async function* readFailedLines(content: Readable, format: Format): AsyncGenerator<FailedLine> {
  const records = format === 'csv' ? csvRecords(content) : ndjsonRecords(content);
  for await (const { error_line: line, error_code: code, error_message: message } of records) {
    if (code !== undefined) yield { line: Number(line), code: String(code), message: String(message ?? '') };
  }
}

/** The first failed lines of an error file. */
export async function firstFailedLines(
  content: Readable,
  { format, count }: { readonly format: Format; readonly count: number },
): Promise<FailedLine[]> {
  const lines: FailedLine[] = [];
  for await (const line of readFailedLines(content, format)) if (lines.push(line) >= count) break;
  content.destroy();
  return lines;
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

async function* csvRecords(content: Readable): AsyncGenerator<FailedRecord> {
  const parser = Papa.parse(Papa.NODE_STREAM_INPUT, {
    header: true,
    skipEmptyLines: true,
    delimitersToGuess: [',', ';', '\t'],
  });
  content.on('error', (error) => parser.destroy(error));
  for await (const record of content.pipe(parser)) yield record as FailedRecord;
}
