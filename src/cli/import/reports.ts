/** What Muster itself writes about a file: `a.csv.errors.csv`, `a.csv.errors.2.csv`, `a.csv.errors`, `a.csv.report.json`. */
const REPORT = /(?:\.errors(?:\.\d+)?(?:\.(?:ndjson|csv))?(?:\.(?:gz|zst))?|\.report\.json)$/i;

/** Whether a name is one of those that Muster gives to what it writes about a file. */
export function isReport(name: string): boolean {
  return REPORT.test(name);
}

/** `a.csv.errors.2.csv` → `a.csv`: the failed lines of an error file are about the same file. */
export function reportedName(name: string): string {
  let base = name;
  while (isReport(base)) base = base.replace(REPORT, '');
  return base === '' ? name : base;
}

/**
 * The files to import of those that were named. A pattern such as `*.csv` also finds what earlier imports wrote beside their
 * input: among others it is left out. Alone, or among their like, such files are meant.
 */
export function withoutReports(files: readonly string[]): {
  readonly files: string[];
  readonly left: string[];
} {
  const left = files.filter(isReport);
  if (left.length === files.length) return { files: [...files], left: [] };
  return { files: files.filter((file) => !isReport(file)), left };
}
