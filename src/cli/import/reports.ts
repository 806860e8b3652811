import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { nameOf, shown } from '../files/name.ts';
import { readStart } from './first-bytes.ts';
import { descriptorOf } from './spool.ts';

/**
 * What Muster itself writes about a file: `a.csv.errors.csv`, `a.csv.errors.2.csv`, `a.csv.errors`,
 * `a.csv.report.json`.
 */
const REPORT = /(?:\.errors(?:\.\d+)?(?:\.(?:ndjson|csv))?(?:\.(?:gz|zst))?|\.report\.json)$/i;

/** The report of a watch, which gets a number where its name was taken. */
const WATCH_REPORT = /\.report(?:\.\d+)?\.json$/i;
/**
 * How an error file in CSV begins, if need be with the line that names its separator; programs may
 * quote the names.
 */
const ERROR_HEADER =
  /^(?:"?sep=.?"?\s*\n)?"?error_line"?([,;\t])"?error_code"?\1"?error_message"?(?:\1|\r?\n|$)/i;
/** A record, which is at most 1 MiB long, with what Muster adds to it. */
const MOST_BYTES = 2 * 1024 * 1024;

/** Whether a name is one of those that Muster gives to what it writes about a file. */
export function isReport(name: string): boolean {
  return REPORT.test(name);
}

/** Whether a name is that of a report of a watch, which is never data. */
export function isWatchReport(name: string): boolean {
  return WATCH_REPORT.test(name);
}

/** `a.csv.errors.2.csv` → `a.csv`: the failed lines of an error file are about the same file. */
export function reportedName(name: string): string {
  let base = name;
  while (isReport(base)) base = base.replace(REPORT, '');
  return base === '' ? name : base;
}

/**
 * The files to import of those that were named. A pattern such as `*.csv` also finds what earlier
 * imports wrote beside their input, and `*` what other programs did, such as `_SUCCESS`: among
 * others it is left out. Alone, or among their like, such files are meant.
 */
export async function withoutReports<T extends string | Buffer>(
  files: readonly T[],
): Promise<{ readonly files: T[]; readonly left: { readonly file: T; readonly kind: LeftOut }[] }> {
  const left: { file: T; kind: LeftOut }[] = [];
  const others: T[] = [];
  // one alone is meant whatever it is
  if (files.length < 2) return { files: [...files], left };
  for (const file of files) {
    const kind = isNoData(file) ? 'NO_DATA' : await ownKindOf(file);
    if (kind === null) others.push(file);
    else left.push({ file, kind });
  }
  return others.length === 0 ? { files: [...files], left: [] } : { files: others, left };
}

/** Why a file is left out: Muster wrote it, or its name says that another program did. */
export type LeftOut = OwnKind | 'NO_DATA';

/** Whether a file is a mark such as `_SUCCESS`, or is hidden. */
function isNoData(file: string | Buffer): boolean {
  return /^[_.]/.test(nameOf(file).toString('latin1'));
}

/** What Muster writes about a file: its failed lines, or the report of a watch. */
export type OwnKind = 'ERRORS' | 'REPORT';

/**
 * Whether Muster wrote a file about another one, as its content tells; of a report its name must
 * say so too.
 */
async function ownKindOf(file: string | Buffer): Promise<OwnKind | null> {
  if (descriptorOf(shown(file)) !== null) return null;
  const text = await textAtStart(file);
  if (hasErrorColumns(text)) return 'ERRORS';
  const isNamed = WATCH_REPORT.test(nameOf(file).toString('latin1'));
  return isNamed && Object.hasOwn(objectIn(text), 'moved_to') ? 'REPORT' : null;
}

/**
 * Whether a file has failed lines in it, whatever its name is: the columns, or members, that Muster
 * adds.
 */
export async function holdsFailedLines(file: string | Buffer): Promise<boolean> {
  return hasErrorColumns(await textAtStart(file));
}

function hasErrorColumns(text: string): boolean {
  if (text.startsWith('{')) return Object.hasOwn(objectIn(text.split('\n', 1)[0] ?? ''), 'error_line');
  return ERROR_HEADER.test(text);
}

function objectIn(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/**
 * The beginning of a file on disk without blanks and byte order marks before it; '' where it cannot
 * be read.
 */
async function textAtStart(file: string | Buffer): Promise<string> {
  try {
    if (!(await stat(file)).isFile()) return '';
    const start = await readStart(createReadStream(file), MOST_BYTES);
    return (start?.bytes.toString('utf8') ?? '').replace(/^[\s\ufeff]+/, '');
  } catch {
    return '';
  }
}
