import type { Command } from '../../model/command.ts';
import { KIND_BIT } from '../../model/identifier.ts';
import type { PlainPair } from '../document-format.ts';
import type { PairBatch, PairColumns } from './pair-columns.ts';

/** Takes commands. */
export interface PairTable {
  /** (command, segment) pairs so far. */
  readonly rows: number;
  append(line: number, command: Command): void;
  /** `bytes` are those the pair was read from. */
  appendPlain(bytes: Uint8Array, pair: PlainPair): void;
}

/** Keeps nothing of what it takes. */
export function countingTable(): PairTable {
  let rows = 0;
  return {
    get rows() {
      return rows;
    },
    append: (_, { targets }) => {
      rows += targets.length;
    },
    appendPlain: () => {
      rows++;
    },
  };
}

/** Gathers the commands of a datamart in columns. */
export interface GatheringTable extends PairTable {
  /** Hands over what has not been yet. */
  flush(): void;
}

/** `onBatch` is handed the columns when they are full. */
export function gatherPairs(
  datamartId: string,
  columns: PairColumns,
  onBatch: (batch: PairBatch) => void,
): GatheringTable {
  const prefixOf = hashPrefixes(datamartId);
  let rows = 0;

  function append(line: number, { identifier, operation, targets, dataBag }: Command): void {
    const bytes = Buffer.from(identifier.value);
    let isSame = false;
    for (const { segmentId, expiresAt } of targets) {
      const pair = {
        line,
        kind: KIND_BIT[identifier.kind],
        compartmentId: Number(identifier.compartmentId),
        valueStart: 0,
        valueEnd: bytes.length,
        segmentId: Number(segmentId),
        isUpdate: operation === 'UPDATE',
        expiresAt: expiresAt ?? 0,
        dataBag: dataBag ?? '',
        // what is odd about it has been noted of its record
        odd: 0,
      };
      if (isSame) addAgain(pair);
      else appendPlain(bytes, pair);
      isSame = !columns.isEmpty();
    }
  }

  function addAgain(pair: PlainPair): void {
    columns.addAgain(pair);
    added();
  }

  function appendPlain(bytes: Uint8Array, pair: PlainPair): void {
    columns.add(bytes, pair, prefixOf(pair.kind, pair.compartmentId));
    added();
  }

  function added(): void {
    rows++;
    if (columns.isFull()) flush();
  }

  function flush(): void {
    if (!columns.isEmpty()) onBatch(columns.take());
  }

  return {
    get rows() {
      return rows;
    },
    append,
    appendPlain,
    flush,
  };
}

/** What is hashed before an identifier's value, by kind and compartment: see `userKey`. */
function hashPrefixes(datamartId: string): (kind: number, compartmentId: number) => Uint8Array {
  const byKind = new Map(Object.values(KIND_BIT).map((kind) => [kind, new Map<number, Buffer>()]));
  return (kind, compartmentId) => {
    const known = byKind.get(kind)?.get(compartmentId);
    if (known) return known;
    const prefix = Buffer.from(`${datamartId}:${kind}:${compartmentId}:`);
    byKind.get(kind)?.set(compartmentId, prefix);
    return prefix;
  };
}
