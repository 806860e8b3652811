/**
 * A file of commands that is the same for the same seed, in blocks, so that it never has to be in
 * memory as a whole.
 */
export type Workload = {
  readonly format: 'NDJSON' | 'CSV';
  readonly lines: number;
  /** How many users there are to choose from. */
  readonly users: number;
  readonly segmentIds: readonly string[];
  /** Lines out of a thousand that fail. */
  readonly badPerMille: number;
  /** Lines out of a thousand that take the user out; 100 unless given. */
  readonly deletePerMille?: number;
  /** Lines out of a thousand UPDATEs that bring a data bag; 200 unless given. */
  readonly dataBagPerMille?: number;
  /**
   * Lines out of a thousand whose user has had a line before; the others take the users one after
   * the other, in a scattered order. Not given: each line's user is drawn from all.
   */
  readonly repeatedPerMille?: number;
  /** Segments that each line names in a list; a line names one, by itself, unless given. */
  readonly segmentsPerLine?: number;
  /** Whether the CSV has the columns and words of another tool, as `FOREIGN_MAPPING` reads them. */
  readonly isForeign?: boolean;
  readonly seed: number;
};

/** What makes commands of a CSV with columns and words of its own. */
export const FOREIGN_MAPPING = {
  columns: {
    Action: 'operation',
    'Customer ID': 'user_account_id',
    Audience: 'segment_id',
    Minutes: 'expiration_duration',
    Attributes: 'data_bag',
  },
  values: { operation: { add: 'UPDATE', remove: 'DELETE' } },
};

const BLOCK_LINES = 1_000;
const CSV_COLUMNS = [
  'operation',
  'user_account_id',
  'segment_id',
  'expiration_duration',
  'data_bag',
] as const;
const MONTH_MINUTES = 43_200;
/**
 * A prime: multiples of it visit each user once before they come back to the first, in no order
 * that a store could use.
 */
const STRIDE = 6_180_341;

type Row = { readonly [column in (typeof CSV_COLUMNS)[number]]: string | number | null } & {
  readonly segment_ids?: readonly string[];
};

/** The blocks of the file. One line is one command for one segment. */
export function* generate(workload: Workload): Generator<string> {
  const random = mulberry32(workload.seed);
  const nextUser = userNumbers(workload, random);
  const { isForeign = false } = workload;
  const write = workload.format === 'NDJSON' ? writeObject : isForeign ? writeForeignRow : writeRow;
  const columns = isForeign ? Object.keys(FOREIGN_MAPPING.columns) : CSV_COLUMNS;
  if (workload.format === 'CSV') yield `${columns.join(',')}\n`;
  for (let from = 0; from < workload.lines; from += BLOCK_LINES) {
    const lines = Math.min(BLOCK_LINES, workload.lines - from);
    let block = '';
    for (let i = 0; i < lines; i++) {
      const row = nextRow(random, { workload, user: nextUser() });
      block += random() * 1000 < workload.badPerMille ? spoil(row, { random, workload }) : write(row);
    }
    yield block;
  }
}

/** How the user of that number is called. */
export function userId(number: number): string {
  return `user-${String(number).padStart(8, '0')}`;
}

/** Gives the number of each line's user. */
function userNumbers({ users, repeatedPerMille }: Workload, random: () => number): () => number {
  if (repeatedPerMille === undefined) return () => Math.floor(random() * users);
  const first = Math.floor(random() * users);
  let met = 0;
  return () => {
    const repeats = met > 0 && random() * 1000 < repeatedPerMille;
    const turn = repeats ? Math.floor(random() * met) : met++;
    return ((first + turn) * STRIDE) % users;
  };
}

function nextRow(random: () => number, of: { workload: Workload; user: number }): Row {
  const { segmentIds, deletePerMille = 100, dataBagPerMille = 200, segmentsPerLine } = of.workload;
  const isUpdate = random() * 1000 >= deletePerMille;
  const hasDataBag = random() * 1000 < dataBagPerMille;
  const at = Math.floor(random() * segmentIds.length);
  const segmentAt = (place: number) => segmentIds[(at + place) % segmentIds.length] ?? '';
  return {
    operation: isUpdate ? 'UPDATE' : 'DELETE',
    user_account_id: userId(of.user),
    segment_id: segmentAt(0),
    ...(segmentsPerLine === undefined
      ? {}
      : { segment_ids: Array.from({ length: segmentsPerLine }, (_, place) => segmentAt(place)) }),
    expiration_duration: isUpdate ? Math.floor(random() * 3) * MONTH_MINUTES : null,
    data_bag: isUpdate && hasDataBag ? `{"score":${Math.floor(random() * 100)},"tier":"gold"}` : null,
  };
}

function writeObject(row: Row): string {
  const { expiration_duration, data_bag, segment_id, segment_ids, ...user } = row;
  const rest = { ...user, ...(segment_ids === undefined ? { segment_id } : { segment_ids }) };
  const expiry =
    expiration_duration === null ? '' : `,"expiration_duration":${JSON.stringify(expiration_duration)}`;
  const bag = data_bag === null ? '' : `,"data_bag":${JSON.stringify(data_bag)}`;
  return `${JSON.stringify(rest).slice(0, -1)}${expiry}${bag}}\n`;
}

function writeRow(row: Row): string {
  const cells = CSV_COLUMNS.map((column) => String(row[column] ?? ''));
  return `${cells.map((cell) => (cell.includes('"') ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\n`;
}

function writeForeignRow(row: Row): string {
  return writeRow({ ...row, operation: row.operation === 'UPDATE' ? 'add' : 'remove' });
}

/** A line that fails, for one of the reasons that are met most. */
function spoil(row: Row, of: { random: () => number; workload: Workload }): string {
  const { format } = of.workload;
  const write = format === 'NDJSON' ? writeObject : writeRow;
  const kind = Math.floor(of.random() * 5);
  if (kind === 0) return write({ ...row, operation: 'UPSERT' });
  if (kind === 1) return write({ ...row, user_account_id: '' });
  if (kind === 2) return write({ ...row, segment_id: '987654321' });
  if (kind === 3) return write({ ...row, operation: 'UPDATE', expiration_duration: '7d' });
  return format === 'NDJSON' ? `${write(row).slice(0, -2)}\n` : `${write(row).slice(0, -1)},,,,,more\n`;
}

/** Random numbers from 0 to 1 that are the same for the same seed. */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
