import { parentPort, type Transferable, workerData } from 'node:worker_threads';
import { PlainReaderTrap } from '../../errors.ts';
import { armFaultPoint, type Fault, passFaultPoint } from '../../fault-points.ts';
import type { Catalogue } from '../../model/catalogue.ts';
import type { FromThread, ToThread } from '../../thread-pool.ts';
import type { CommandContext, DocumentFormat } from '../document-format.ts';
import { formatOf } from '../read-format.ts';
import { giveBackColumns, type PairBatch, takeColumns } from './pair-columns.ts';
import { countingTable, type GatheringTable, gatherPairs } from './pair-table.ts';
import {
  createPartParser,
  type PartParser,
  type PartProgress,
  type PartStart,
  type ReadPart,
} from './part-parser.ts';

/**
 * The program of a thread that parses parts of documents, several at a time, each message by
 * itself. It has no DuckDB and must never have: one file that is opened from two JavaScript
 * environments of a process loses what is written.
 */

/** A part that a thread is to parse. */
export type ThreadPart = Omit<PartStart, 'format' | 'context'> & {
  readonly csv: DocumentFormat['csv'];
  readonly mapping?: DocumentFormat['mapping'];
  readonly context: Pick<CommandContext, 'catalogue' | 'startDate'>;
  /** Whether the pairs are wanted or only their number; and whether whom failed records name is. */
  readonly keeps: { readonly pairs: boolean; readonly named: boolean };
};

/** What a thread is sent for a part. Each `PARSE` is answered, in their order. */
export type ThreadRequest =
  | {
      readonly type: 'OPEN';
      readonly start: Omit<ThreadPart, 'context'> & Pick<CommandContext, 'startDate'>;
      /** Null: as for the part that was opened before. */
      readonly catalogue: Catalogue | null;
    }
  | { readonly type: 'PARSE'; readonly bytes: Uint8Array; readonly isEnd: boolean }
  | { readonly type: 'CLOSE' };

/** What a thread answers: an error keeps its class in no message. */
export type ThreadAnswer = ParsedBytes | { readonly trapped: unknown };

/** What came of some bytes of a part. */
export type ParsedBytes = {
  readonly pairs: readonly PairBatch[];
  readonly named: readonly PairBatch[];
  readonly progress: PartProgress;
  /** The part, if it ends with them. */
  readonly read: ReadPart | null;
};

type OpenPart = {
  readonly parser: PartParser;
  readonly table: ReturnType<typeof openTable>;
  readonly named: ReturnType<typeof openTable> | null;
};

if (parentPort !== null) {
  const port = parentPort;
  const { fault } = workerData as { readonly fault: Fault | null };
  armFaultPoint(fault);
  const parts = new Map<number, OpenPart>();
  let known: Catalogue | null = null;

  const close = (lane: number) => {
    const part = parts.get(lane);
    part?.table.close();
    part?.named?.close();
    parts.delete(lane);
  };

  const handle = ({ lane, request }: ToThread<ThreadRequest>) => {
    if (request.type === 'CLOSE') return close(lane);
    if (request.type === 'OPEN') {
      known = request.catalogue ?? known;
      if (known !== null) parts.set(lane, open(request.start, known));
      return;
    }
    const part = parts.get(lane);
    // it was full before these bytes came
    if (part === undefined) return;
    passFaultPoint('parse-thread-dies');
    const { buffer, byteOffset, length } = request.bytes;
    const parsed = parse(part, Buffer.from(buffer, byteOffset, length), request.isEnd);
    if (parsed.read !== null) close(lane);
    port.postMessage({ lane, answer: parsed } satisfies FromThread<ParsedBytes>, transferable(parsed));
  };

  port.on('message', (message: ToThread<ThreadRequest>) => {
    try {
      handle(message);
    } catch (failure) {
      close(message.lane);
      const { lane } = message;
      const isTrap = failure instanceof PlainReaderTrap;
      port.postMessage(
        (isTrap
          ? { lane, answer: { trapped: failure.cause } }
          : { lane, failure }) satisfies FromThread<ThreadAnswer>,
      );
    }
  });
}

function open(
  { csv, mapping = null, keeps, startDate, ...start }: Extract<ThreadRequest, { type: 'OPEN' }>['start'],
  catalogue: Catalogue,
): OpenPart {
  const { datamartId } = catalogue;
  const table = openTable(datamartId, keeps.pairs);
  const named = keeps.named ? openTable(datamartId, true) : null;
  const parser = createPartParser(
    { ...start, format: formatOf({ csv, mapping }), context: { catalogue, startDate } },
    { table: table.table, named: named?.table ?? null },
  );
  return { parser, table, named };
}

/** A table whose batches are handed over as they are full. */
function openTable(datamartId: string, keepsPairs: boolean) {
  const batches: PairBatch[] = [];
  // copies that are as long as they need to be; the columns are filled again
  const keep = ({ rows, columns, texts }: PairBatch) =>
    void batches.push({ rows, columns: columns.slice(), texts: texts.slice() });
  const columns = keepsPairs ? takeColumns() : null;
  const gathering: GatheringTable | null = columns === null ? null : gatherPairs(datamartId, columns, keep);
  return {
    table: gathering ?? countingTable(),
    flush: () => gathering?.flush(),
    take: () => batches.splice(0),
    close: () => {
      if (columns !== null) giveBackColumns(columns);
    },
  };
}

function parse({ parser, table, named }: OpenPart, bytes: Buffer, isEnd: boolean): ParsedBytes {
  const read = parser.parse(bytes, isEnd);
  if (read !== null) {
    table.flush();
    named?.flush();
  }
  return { pairs: table.take(), named: named?.take() ?? [], progress: parser.progress(), read };
}

/** What is handed over without a copy. */
function transferable({ pairs, named, read }: ParsedBytes): Transferable[] {
  const batches = [...pairs, ...named].flatMap(({ columns, texts }) => [columns.buffer, texts.buffer]);
  return read === null ? batches : [...batches, read.errorLines.content.buffer as ArrayBuffer];
}
