import assert from 'node:assert/strict';
import { csvFormat } from '../../src/import/csv.ts';
import { findHeaderEnd, headerText, parseCsvHeader } from '../../src/import/csv-header.ts';
import {
  type CommandContext,
  type DocumentFormat,
  isRejection,
  type Position,
} from '../../src/import/document-format.ts';
import { takeNone } from '../../src/import/line-reader.ts';
import {
  ENTRY_BYTES,
  giveBackColumns,
  INLINE_BYTES,
  type PairBatch,
  PLACES,
  takeColumns,
} from '../../src/import/parse/pair-columns.ts';
import { gatherPairs } from '../../src/import/parse/pair-table.ts';
import { parseCommand } from '../../src/import/parse-command.ts';
import { oddCommand } from '../../src/import/warnings.ts';
import { buildCatalogue } from '../../src/model/catalogue.ts';
import { formatUuid, KIND_BIT } from '../../src/model/identifier.ts';
import type { Segment } from '../../src/model/segment.ts';
import { userKey } from '../../src/model/user-key.ts';
import { SOME_NAMES } from '../properties/mutations.ts';

/** When the executions of these documents started. */
export const START_DATE = 1_800_000_000_000;

function segment(id: string, more: Partial<Segment> = {}): Segment {
  return {
    id,
    organisationId: '1',
    datamartId: '1',
    type: 'USER_LIST',
    feedType: 'FILE_IMPORT',
    subtype: 'STANDARD',
    name: id,
    shortDescription: null,
    technicalName: null,
    defaultTtlMs: null,
    persisted: true,
    paused: false,
    creationTs: 0,
    lastModifiedTs: 0,
    ...more,
  };
}

function selection(compartmentId: string, more: object) {
  return {
    id: compartmentId,
    datamartId: '1',
    compartmentId,
    isDefault: false,
    token: `t${compartmentId}`,
    name: '',
    archived: false,
    ...more,
  };
}

/** Every id and name that the generators may use, so that most commands are valid. */
export const context: CommandContext = {
  startDate: START_DATE,
  catalogue: buildCatalogue({
    datamartId: '1',
    version: 0,
    selections: [
      selection('1', { isDefault: true }),
      selection('2', {}),
      selection('3', { archived: true }),
      ...['default', 'other', 'archived'].map((name) =>
        selection(SOME_NAMES.get(name) ?? '', { token: `${name}-token`, archived: name === 'archived' }),
      ),
    ],
    segments: [
      segment('1'),
      segment('2', { defaultTtlMs: 60_000 }),
      segment('3', { paused: true }),
      segment('4', { type: 'USER_QUERY', feedType: null }),
      ...['alpha', 'beta', 'lasting', 'short', 'paused', 'query'].map((name) =>
        segment(SOME_NAMES.get(name) ?? '', {
          technicalName: name,
          defaultTtlMs: name === 'short' ? 1000 : null,
          paused: name === 'paused',
          type: name === 'query' ? 'USER_QUERY' : 'USER_LIST',
        }),
      ),
      segment('10', { technicalName: 'vip é' }),
    ],
  }),
};

type Reading = { readonly outcomes: readonly string[]; readonly plain: number; readonly end: Position };

/**
 * What a document comes to, line by line: pairs as they are staged, with the keys of their users,
 * rejections with code and message, and what is odd about a command.
 */
export function readDocument(
  format: DocumentFormat,
  document: Buffer,
  way: 'reference' | 'plain',
  blockBytes: number,
): Reading {
  const splitter = format.createSplitter(format.start);
  const outcomes: [line: number, outcome: unknown][] = [];
  let plain = 0;
  const columns = takeColumns();
  const onOdd = (line: number, kind: number, odd: number) => outcomes.push([line, { kind, odd }]);
  const table = gatherPairs(context.catalogue.datamartId, columns, (batch) =>
    outcomes.push(...rowsOf(batch)),
  );
  const { plainLayout: layout } = format;
  const read =
    way === 'reference' || layout === null
      ? takeNone
      : table.readLines({ layout, context, linesBefore: 0, onOdd });
  const take: typeof read = (...of) => {
    const taken = read(...of);
    plain += taken.taken;
    return taken;
  };
  const blocks: Buffer[] = [];
  // each block a copy of its own: what lies behind it in the document must not be seen
  for (let at = format.start.offset; at < document.length; at += blockBytes) {
    blocks.push(Buffer.from(document.subarray(at, at + blockBytes)));
  }
  for (const block of [...blocks, Buffer.alloc(0)]) {
    const last = block.length === 0;
    for (const { line, content } of splitter.push(block, last, { take, most: Number.POSITIVE_INFINITY })) {
      const command = isRejection(content) ? content : parseCommand(content, context);
      if (isRejection(command)) outcomes.push([line, command]);
      else {
        const odd = isRejection(content) ? 0 : oddCommand(command, content, START_DATE);
        for (const pair of pairsOf(command)) outcomes.push([line, pair]);
        if (odd !== 0) onOdd(line, KIND_BIT[command.identifier.kind], odd);
      }
    }
  }
  table.flush();
  giveBackColumns(columns);
  const texts = outcomes.map((each) => JSON.stringify(each));
  const lines = new Map(texts.map((text, i) => [text, outcomes[i]?.[0] ?? 0]));
  texts.sort((a, b) => (lines.get(a) ?? 0) - (lines.get(b) ?? 0) || (a < b ? -1 : 1));
  return { outcomes: texts, plain, end: splitter.position() };
}

/** The pairs of a batch, as DuckDB reads its columns. */
function rowsOf({ rows, columns, texts }: PairBatch): [line: number, pair: unknown][] {
  const view = new DataView(columns.buffer, columns.byteOffset);
  const bytes = Buffer.from(texts.buffer, texts.byteOffset, texts.length);
  const number = (place: number, row: number) => Number(view.getBigInt64(place + 8 * row, true));
  const isNull = (place: number, row: number) => ((view.getUint8(place + (row >> 3)) >> (row & 7)) & 1) === 0;
  const text = (place: number, row: number) => {
    const entry = place + ENTRY_BYTES * row;
    const length = view.getUint32(entry, true);
    if (length <= INLINE_BYTES)
      return Buffer.from(columns.subarray(entry + 4, entry + 4 + length)).toString();
    const start = view.getUint32(entry + 8, true);
    assert.equal(view.getUint32(entry + 4, true), bytes.readUInt32LE(start));
    return bytes.toString('utf8', start, start + length);
  };
  return Array.from({ length: rows }, (_, row) => {
    const expiresAt = number(PLACES.expiresAt, row);
    const dataBag = text(PLACES.dataBag, row);
    assert.equal(isNull(PLACES.expiresAtMask, row), expiresAt === 0);
    assert.equal(isNull(PLACES.dataBagMask, row), dataBag === '');
    const key = {
      hi: view.getBigUint64(PLACES.keyHi + 8 * row, true),
      lo: view.getBigUint64(PLACES.keyLo + 8 * row, true),
    };
    const pair = {
      value: text(PLACES.value, row),
      key: formatUuid(key),
      kind: view.getUint8(PLACES.kind + row),
      compartmentId: number(PLACES.compartmentId, row),
      segmentId: number(PLACES.segmentId, row),
      isUpdate: view.getUint8(PLACES.isUpdate + row) === 1,
      ...{ expiresAt, dataBag },
    };
    return [number(PLACES.line, row), pair];
  });
}

function pairsOf(command: Exclude<ReturnType<typeof parseCommand>, { code: string }>) {
  const { identifier, operation, targets, dataBag } = command;
  return targets.map(({ segmentId, expiresAt }) => ({
    value: identifier.value,
    key: formatUuid(userKey(context.catalogue.datamartId, identifier)),
    kind: KIND_BIT[identifier.kind],
    compartmentId: Number(identifier.compartmentId),
    segmentId: Number(segmentId),
    isUpdate: operation === 'UPDATE',
    expiresAt: expiresAt ?? 0,
    dataBag: dataBag ?? '',
  }));
}

/** Asserts that both ways come to the same; returns how many lines were plain. */
export function assertSame(format: DocumentFormat, document: Buffer, blockBytes: number): number {
  const reference = readDocument(format, document, 'reference', 1 << 20);
  const plain = readDocument(format, document, 'plain', blockBytes);
  assert.deepEqual(plain.outcomes, reference.outcomes);
  assert.deepEqual(plain.end, reference.end);
  return plain.plain;
}

/** How a CSV document is read; null when its header is refused. */
export function formatOf(document: Buffer): DocumentFormat | null {
  const end = findHeaderEnd(document, { at: 'CELL_START' });
  const parsed = parseCsvHeader(
    headerText(document.subarray(0, end === -1 ? document.length : end)),
    'COMMANDS',
  );
  const lines = document.subarray(0, end).toString('latin1').split('\n').length;
  return parsed.ok
    ? csvFormat(parsed.header, { offset: end === -1 ? document.length : end + 1, line: lines })
    : null;
}
