/**
 * Kinds of DuckDB's errors that tell of files, memory and statements. The others are about values,
 * and quote them: `Conversion Error: Could not convert string 'ann@example.com' to INT64`, also
 * without quotes around the value.
 */
const KINDS_WITHOUT_VALUES = new Set([
  'IO Error',
  'Out of Memory Error',
  'TransactionContext Error',
  'Transaction Error',
  'Catalog Error',
  'Binder Error',
  'Parser Error',
  'Connection Error',
  'INTERRUPT Error',
  'INTERNAL Error',
  'FATAL Error',
]);

/**
 * Whatever is between the first and the last quotation mark of a text: a value may hold such marks
 * itself.
 */
const QUOTED = /["'`].*["'`]/s;

/**
 * What may be told of a fault, in a log or to a client: its first line, without what stands in
 * quotes there. Errors of the file system keep theirs: the paths are the service's own, and name
 * nobody.
 */
export function safeMessage(fault: unknown): string {
  if (!(fault instanceof Error)) return `a ${typeof fault} was thrown`;
  const { errno, syscall } = fault as NodeJS.ErrnoException;
  const kind = /^([A-Za-z]+(?: [A-Za-z]+)* Error): /.exec(fault.message)?.[1];
  if (kind !== undefined && !KINDS_WITHOUT_VALUES.has(kind)) return `${kind}: … (its text may hold values)`;
  const isOfFiles = kind === 'IO Error' || (errno !== undefined && syscall !== undefined);
  return firstLine(isOfFiles ? fault.message : withoutQuoted(fault.message));
}

/** A text with `…` in place of what is quoted in it. */
export function withoutQuoted(text: string): string {
  return text.replace(QUOTED, '…');
}

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end === -1 ? text : text.slice(0, end);
}
