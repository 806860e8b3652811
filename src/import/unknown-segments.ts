import { Buffer } from 'node:buffer';
import type { RejectionCode } from '../model/command.ts';
import type { Execution, Job } from '../model/execution.ts';
import type { FileReader } from '../model/file-reader.ts';
import { MAX_TECHNICAL_NAME_CHARS } from '../model/records.ts';
import { type CommandSource, isRejection } from './document-format.ts';
import { errorFieldReader } from './error-fields.ts';
import { readTexts } from './read-field.ts';
import { readFormat } from './read-format.ts';
import { recordsHolding } from './records-holding.ts';

/** What a line names a segment by; a name that is too long for one is cut, with a … at its end. */
export type SegmentName = { readonly kind: 'TECHNICAL_NAME' | 'ID'; readonly name: string };

/** A line that failed with UNKNOWN_SEGMENT: its number, and all segments that it names. */
export type UnknownLine = { readonly line: number; readonly names: readonly SegmentName[] };

const CODE: RejectionCode = 'UNKNOWN_SEGMENT';

/**
 * The lines of an error file that failed because a segment was not there. The names are read from
 * the lines themselves, as their import reads them: by its mapping, or in a list of users as its
 * segment. Messages are for people, and say nothing here. Passed over are lines of erased users,
 * which are gone, and those that are over the limit of a line with their error beside them.
 */
export async function* unknownLinesIn(
  file: Pick<FileReader, 'read'>,
  { mimeType, mapping, job }: Pick<Execution, 'mimeType' | 'mapping' | 'job'>,
): AsyncGenerator<UnknownLine> {
  const format = await readFormat(file, { mimeType, mapping, job });
  const codeIn = errorFieldReader(format, 'error_code');
  const lineIn = errorFieldReader(format, 'error_line');
  for await (const record of recordsHolding([Buffer.from(CODE)], { file, format })) {
    if (isRejection(record.content) || codeIn?.(record) !== CODE) continue;
    yield { line: Number(lineIn?.(record)), names: namesIn(record.content, job) };
  }
}

function namesIn(source: CommandSource, job: Job): readonly SegmentName[] {
  if (job.type === 'USER_SEGMENT_IMPORT') return [{ kind: 'ID', name: job.segmentId }];
  const read = (kind: SegmentName['kind'], single: string, several: string) => {
    const texts = readTexts(source, single, several);
    const names = isRejection(texts) ? [] : new Set(texts.map(cutName));
    return [...names].map((name) => ({ kind, name }));
  };
  return [
    ...read('ID', 'segment_id', 'segment_ids'),
    ...read('TECHNICAL_NAME', 'segment_technical_name', 'segment_technical_names'),
  ];
}

/** A cut one has one character more than a segment can have, so that it is never taken for one. */
function cutName(name: string): string {
  if (name.length <= MAX_TECHNICAL_NAME_CHARS) return name;
  // no character has more than two units; a line may have a million
  const characters = [...name.slice(0, 2 * (MAX_TECHNICAL_NAME_CHARS + 1))];
  if (characters.length <= MAX_TECHNICAL_NAME_CHARS) return name;
  return `${characters.slice(0, MAX_TECHNICAL_NAME_CHARS).join('')}…`;
}

/** How many lines give a name, and which is the first. */
export type NamedOften = SegmentName & {
  readonly lines: number;
  readonly firstLine: number;
  /** Whether a line names no other segment, and so failed because of this one. */
  readonly isAlone: boolean;
};

/**
 * So many different names are told apart; a column that was taken for another has one on each line.
 */
const MAX_NAMES = 10_000;

/**
 * Counts failed lines by the names that they give; the most frequent first. Further names are not
 * counted.
 */
export async function countNames(lines: AsyncIterable<UnknownLine>): Promise<readonly NamedOften[]> {
  const counts = new Map<string, SegmentName & { lines: number; firstLine: number; isAlone: boolean }>();
  for await (const { line, names } of lines) {
    const isAlone = names.length === 1;
    for (const { kind, name } of names) {
      const key = `${kind} ${name}`;
      const known = counts.get(key);
      if (known !== undefined) {
        known.lines++;
        known.isAlone ||= isAlone;
      } else if (counts.size < MAX_NAMES) {
        counts.set(key, { kind, name, lines: 1, firstLine: line, isAlone });
      }
    }
  }
  return [...counts.values()].sort(
    (one, other) => other.lines - one.lines || one.firstLine - other.firstLine,
  );
}
