import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '../failures.ts';
import { exists } from '../files/find-file.ts';
import { NAME_BYTES, pathIn, shown, withSuffix } from '../files/name.ts';
import type { Outcome } from '../import/import-file.ts';
import { isReport, reportedName } from '../import/reports.ts';
import { reportOf } from '../import/summary.ts';
import { type Begun, fileOf, workOf } from './begun.ts';
import { moveFile } from './move-file.ts';

const REPORT = '.report.json';
const ERRORS = '.errors';
/** File systems that encrypt names take shorter ones than others. */
const MOST_BYTES = [NAME_BYTES, 143, 64];

/** The failed lines of a begun file, until both are put away. */
export function errorsOf(folder: string, begun: Begun): Buffer {
  return pathIn(workOf(folder, begun), '.errors');
}

/**
 * Moves a file that has been dealt with to `done/` or `failed/`, with its report and its failed
 * lines beside it, under a name that none of the three finds taken. What was half done when the
 * process ended is done again to the same names.
 */
export async function putAway(folder: string, begun: Begun, outcome: Outcome): Promise<Names> {
  const where = path.join(folder, outcome.exitCode === 0 ? 'done' : 'failed');
  await mkdir(where, { recursive: true });
  const names = await claim(where, { begun, outcome });
  if (outcome.errorFile !== null) await moveIfThere(errorsOf(folder, begun), names.errors);
  // the file last: as long as it is not moved, all of it is done again
  await moveIfThere(fileOf(folder, begun), names.file);
  await rm(errorsOf(folder, begun), { force: true });
  // what else somebody has put there stays, and is found at the next start
  await rmdir(workOf(folder, begun)).catch(() => undefined);
  return names;
}

/** Moves what may have been moved already, or taken away by somebody. */
async function moveIfThere(from: Buffer, to: Buffer): Promise<void> {
  await moveFile(from, to).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
}

/** Where a file, its failed lines and its report have gone. */
export type Names = { readonly file: Buffer; readonly errors: Buffer; readonly report: Buffer };
type Claim = { readonly begun: Begun; readonly outcome: Outcome };

/** Writes the report of a file: who has that has the names of the other two as well. */
async function claim(where: string, { begun, outcome }: Claim): Promise<Names> {
  for (const mostBytes of MOST_BYTES) {
    try {
      for (let n = 1; ; n++) {
        const names = await namesIn(where, nthName(begun.name, n, mostBytes));
        if (!(await areFree(names, begun))) continue;
        if (await writeReport(names, { begun, outcome })) return names;
      }
    } catch (error) {
      if (systemCode(error) !== 'ENAMETOOLONG') throw error;
    }
  }
  throw new Error(`no name for ${shown(begun.name)} is short enough`);
}

async function namesIn(where: string, name: Buffer): Promise<Names> {
  const text = name.toString('latin1');
  const names = { file: pathIn(where, name), report: pathIn(where, withSuffix(name, REPORT)) };
  if (!isReport(text)) return { ...names, errors: pathIn(where, withSuffix(name, ERRORS)) };
  // failed lines that were sent again and failed again
  const base = Buffer.from(reportedName(text), 'latin1');
  for (let n = 2; ; n++) {
    const errors = pathIn(where, withSuffix(base, `${ERRORS}.${n}`));
    if (!(await exists(errors)) && !errors.equals(names.file)) return { ...names, errors };
  }
}

async function areFree(names: Names, begun: Begun): Promise<boolean> {
  if (await isReportOf(names.report, begun)) return true;
  const taken = await Promise.all([names.file, names.errors, names.report].map(exists));
  return !taken.includes(true);
}

/**
 * Whether a report was written for this very arrival, by a run that ended before it had moved the
 * file.
 */
async function isReportOf(report: Buffer, { id }: Begun): Promise<boolean> {
  try {
    return (JSON.parse(await readFile(report, 'utf8')) as { id?: unknown }).id === id;
  } catch {
    return false;
  }
}

/** `false` when somebody else was faster. */
async function writeReport(names: Names, { begun, outcome }: Claim): Promise<boolean> {
  const errorFile = outcome.errorFile === null ? null : shown(names.errors);
  const report = { id: begun.id, ...reportOf({ ...outcome, errorFile }), moved_to: shown(names.file) };
  const flag = (await isReportOf(names.report, begun)) ? 'w' : 'wx';
  try {
    await writeFile(names.report, `${JSON.stringify(report, null, 2)}\n`, { flag });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    // half a report would keep the name from being used
    await rm(names.report, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** `users.csv.gz`, `users.2.csv.gz`, …, short enough to have the report's name made of it. */
function nthName(name: Buffer, n: number, mostBytes: number): Buffer {
  const [end, stem] = endOf(name.toString('latin1'));
  const numbered = n === 1 ? name : Buffer.from(`${stem}.${n}${end}`, 'latin1');
  return withSuffix(numbered, '', mostBytes - REPORT.length);
}

/**
 * What stays behind the number, and what comes before it: of `a.csv.errors`, sent again, all of it.
 */
function endOf(name: string): readonly [string, string] {
  const sentAgain = /(\.errors)(?:\.\d+)?((?:\.(?:ndjson|csv))?(?:\.(?:gz|zst))?)$/i.exec(name);
  if (sentAgain !== null) return [sentAgain[2] ?? '', reportedName(name) + sentAgain[1]];
  const [end = ''] = /(?:\.[A-Za-z0-9]{1,10}(?=\.(?:gz|zst)$))?\.[A-Za-z0-9]{1,10}$/i.exec(name) ?? [];
  return [end, name.slice(0, name.length - end.length)];
}
