import type { ErrorCode } from '../../../../src/errors.ts';

/**
 * Codes that other programs are answered with, and the console is not; the generic text is said of
 * them.
 */
type Unexpected =
  | 'INVALID_JSON_BODY'
  | 'UNSUPPORTED_DOCUMENT_TYPE'
  | 'UNSUPPORTED_ENCODING'
  | 'UNSUPPORTED_CONTENT_ENCODING'
  | 'MISSING_FILE'
  | 'INVALID_ACTION'
  | 'METHOD_NOT_ALLOWED'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'IDENTIFIER_TAKEN'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'RANGE_NOT_SATISFIABLE'
  | 'EXPECTATION_FAILED'
  | 'TOO_MANY_EVENT_STREAMS'
  | 'HEADERS_TOO_LARGE';

type Explained = Exclude<ErrorCode, Unexpected> | 'NO_ANSWER' | 'TIMEOUT';
type Advice = { readonly title: string; readonly advice: string };

/** What went wrong and what to do, by the code of the answer. */
export const problemsTexts = {
  problems: {
    retry: 'Try again',
    errorId: 'Id in the log of the service:',
    others: { title: 'Error in the console', advice: 'Reload the page. If it happens again, report it.' },
    fault: { title: 'Error in the service', advice: 'Its log has the reason, under the id below.' },
    refusal: { title: 'The service refused this', advice: 'Correct what the reason names, and try again.' },
    byCode: {
      NO_ANSWER: {
        title: 'Muster does not answer',
        advice: 'Check that it is running and that you are online, then try again.',
      },
      TIMEOUT: {
        title: 'The service is taking too long',
        advice: 'It may be busy: see Operations. Try again in a moment.',
      },
      UNAUTHORIZED: { title: 'Unknown token', advice: 'Sign in again.' },
      FORBIDDEN: { title: 'Your token may not do this', advice: 'Ask an administrator for a higher role.' },
      NOT_FOUND: {
        title: 'Not found',
        advice: 'It may have been deleted, or your token is not for its datamart.',
      },
      CONFLICT: {
        title: 'Conflict',
        advice: 'The reason above says what prevents it.',
      },
      TECHNICAL_NAME_TAKEN: { title: 'The technical name is taken', advice: 'Choose another one.' },
      FILE_REMOVED: {
        title: 'The file was removed',
        advice: 'Files are removed after retentionDays.',
      },
      FILE_TOO_LARGE: {
        title: 'The file is too large',
        advice: 'Split it, or raise maxUploadBytes. Compression does not help: decompressed bytes count.',
      },
      NOT_NDJSON: {
        title: 'The file is a JSON array',
        advice: 'Write one object per line, without commas in between.',
      },
      EMPTY_FILE: {
        title: 'The file has no lines',
        advice: 'Choose another file, or add rows below the header.',
      },
      UNSUPPORTED_FILE: {
        title: 'This kind of file is not supported',
        advice: 'Save or export it as CSV in UTF-8 or as NDJSON; gzip and zstd are fine.',
      },
      CONTENT_TYPE_MISMATCH: {
        title: 'The file does not have the format of the import',
        advice: 'Upload it to an import of its own format, or create one.',
      },
      INVALID_HEADER: {
        title: 'The columns cannot be used',
        advice: 'Name them in the first line or the schema, including operation.',
      },
      INVALID_PARQUET: {
        title: 'The Parquet file cannot be read',
        advice: 'Write it again without encryption, and upload all of it.',
      },
      INVALID_COMPRESSION: { title: 'The compressed file is damaged', advice: 'Compress it again.' },
      TOO_MANY_UPLOADS: {
        title: 'Too many uploads at a time',
        advice: 'Wait until some are done, then try again.',
      },
      TOO_MANY_EXECUTIONS: {
        title: 'Too many files are waiting',
        advice: 'Wait until some are done, then try again.',
      },
      OVERLOADED: { title: 'The service is overloaded', advice: 'Try again in a moment.' },
      LOOKUPS_OVERLOADED: {
        title: 'Too many look-ups at a time',
        advice: 'Try again in a moment.',
      },
      COMMANDS_OVERLOADED: {
        title: 'Too many commands at a time',
        advice: 'Try again in a moment.',
      },
      SHUTTING_DOWN: { title: 'The service is shutting down', advice: 'Try again once it has restarted.' },
      INSUFFICIENT_STORAGE: {
        title: 'The disk is nearly full',
        advice: 'Free some disk space, or pause uploads.',
      },
      TOO_MANY_ATTEMPTS: {
        title: 'Too many wrong tokens',
        advice: 'Wait a few seconds, then sign in again.',
      },
      INVALID_REQUEST: {
        title: 'A value is not valid',
        advice: 'Correct what the reason names, and try again.',
      },
      INVALID_TYPE: { title: 'A value is of the wrong type', advice: 'Write a text or a whole number.' },
      INVALID_SELECTOR: {
        title: 'The identifier is not valid',
        advice: 'Check its kind and value, and look it up again.',
      },
      MISSING_IDENTIFIER: { title: 'No user is named', advice: 'Enter an identifier.' },
      MULTIPLE_IDENTIFIERS: { title: 'More than one user is named', advice: 'Name the user once.' },
      CLEAR_EMAIL: {
        title: 'This is an e-mail address',
        advice: 'Enter a hash of the address, never the address itself.',
      },
      MISSING_COMPARTMENT: {
        title: 'No compartment is named',
        advice: 'Choose the compartment of the account.',
      },
      UNKNOWN_COMPARTMENT: {
        title: 'This datamart does not have the compartment',
        advice: 'Choose another one, or ask an administrator to select it in this datamart.',
      },
      SEGMENT_NOT_IMPORTABLE: {
        title: 'This segment takes no files',
        advice: 'Choose a user list that takes files.',
      },
      REQUEST_TIMEOUT: {
        title: 'The request took too long to arrive',
        advice: 'Check your connection, and try again.',
      },
      REQUEST_TOO_LARGE: { title: 'The request is too large', advice: 'Shorten it, and try again.' },
      TOO_MANY_EXPORTS: {
        title: 'Too many exports at a time',
        advice: 'Wait until some are done, then try again.',
      },
      NOT_READY: { title: 'The service is starting', advice: 'Try again in a moment.' },
    } satisfies Readonly<Record<Explained, Advice>>,
  },
};
