import { parseArgs } from 'node:util';

/** What `npm run load -- …` takes. */
export type Options = {
  readonly seconds: number;
  /** How many are sent at the same time. */
  readonly uploads: number;
  /** How long one upload is on its way: it comes in pieces. */
  readonly uploadMs: number;
  readonly linesPerFile: number;
  readonly lookUpsPerSecond: number;
  /** Users that are there before it begins. */
  readonly users: number;
  readonly datamarts: number;
  /** Uploads out of a thousand whose sender goes away in the middle. */
  readonly gonePerMille: number;
};

const MOST_SECONDS = 600;

/** Reads the command line; what is not given is what the project promises to hold. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '120' },
      uploads: { type: 'string', default: '200' },
      'upload-ms': { type: 'string', default: '4000' },
      lines: { type: 'string', default: '100' },
      'look-ups': { type: 'string', default: '500' },
      users: { type: 'string', default: '100000' },
      datamarts: { type: 'string', default: '8' },
      gone: { type: 'string', default: '20' },
    },
  });
  return {
    seconds: whole('--seconds', values.seconds, MOST_SECONDS),
    uploads: whole('--uploads', values.uploads, 10_000),
    uploadMs: whole('--upload-ms', values['upload-ms'], 60_000),
    linesPerFile: whole('--lines', values.lines, 100_000),
    lookUpsPerSecond: whole('--look-ups', values['look-ups'], 100_000),
    users: whole('--users', values.users, 10_000_000),
    datamarts: whole('--datamarts', values.datamarts, 1_000),
    gonePerMille: whole('--gone', values.gone, 1_000),
  };
}

function whole(name: string, given: string, most: number): number {
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new Error(`${name}: expected a whole number from 1 to ${most}, got ${given}`);
  return number;
}
