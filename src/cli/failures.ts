/** The command line cannot be understood; the message is followed by how to get help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something that was asked for cannot be done; the message is all that the user needs. */
export class CliError extends Error {
  override readonly name = 'CliError';
}

/** A file has nothing in it: the service would refuse it with the same code. */
export class EmptyFileError extends CliError {
  readonly code = 'EMPTY_FILE';
}

/** The service answered with an error (spec §2). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** How an error reads on a terminal, without stack: `error: <text> (<code>)`. */
export function describe(error: unknown): string {
  if (error instanceof ApiError) return `${error.message} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}

/**
 * The `code` of an error of the system, such as `ECONNREFUSED`, wherever in the chain of causes it
 * stands.
 */
export function systemCode(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    const [first] = at instanceof AggregateError ? at.errors : [];
    if (first !== undefined) return systemCode(first);
  }
  return null;
}
