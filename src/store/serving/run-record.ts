import { ByteReader } from './bytes.ts';
import { KIND_BITS, MEMBERSHIP_FLAG, RECORD_HEADER, RECORD_KIND, type RecordKind } from './run-format.ts';
import type { RunKey } from './run-key.ts';

/** Where a record lies in a block. */
export type RecordAt = { readonly bytes: Buffer; readonly start: number; readonly end: number };

/** What a run says of a user in a segment. */
export type RunMembership =
  | { readonly segmentId: number; readonly left: true }
  | {
      readonly segmentId: number;
      readonly left: false;
      readonly creationTs: number;
      readonly lastModifiedTs: number;
      readonly expirationTs: number | null;
      /** JSON text of an object, in the bytes of the block. */
      readonly dataBag: Buffer | null;
    };

export function keyOf({ bytes, start }: RecordAt): RunKey {
  return [
    bytes.readUInt32BE(start),
    bytes.readUInt32BE(start + 4),
    bytes.readUInt32BE(start + 8),
    bytes.readUInt32BE(start + 12),
  ];
}

export function kindOf({ bytes, start }: RecordAt): RecordKind {
  return ((bytes[start + 19] as number) & (2 ** KIND_BITS - 1)) as RecordKind;
}

/** The user point that an attached identifier leads to. */
export function pointOf(record: RecordAt): RunKey {
  if (kindOf(record) !== RECORD_KIND.ALIAS) throw new Error('only an alias leads to a user point');
  return keyOf({ ...record, start: record.start + RECORD_HEADER });
}

/** The user's datamart, and the memberships one after the other, by segment id. */
export function userOf({ bytes, start, end }: RecordAt): {
  readonly datamartId: number;
  readonly memberships: RunMembership[];
} {
  const reader = new ByteReader(bytes, start + RECORD_HEADER);
  const datamartId = reader.varint();
  const memberships: RunMembership[] = [];
  let segmentId = 0;
  let creationTs = 0;
  while (reader.position < end) {
    segmentId += reader.varint();
    const flags = bytes[reader.position++] ?? 0;
    if (flags & MEMBERSHIP_FLAG.LEFT) {
      memberships.push({ segmentId, left: true });
      continue;
    }
    const instants = flags & MEMBERSHIP_FLAG.WIDE ? wideInstants(reader) : null;
    if (instants === null) creationTs += reader.signed();
    const created = instants?.[0] ?? creationTs;
    const lastModifiedTs =
      instants?.[1] ?? (flags & MEMBERSHIP_FLAG.MODIFIED ? created + reader.signed() : created);
    const expires = instants?.[2] ?? (flags & MEMBERSHIP_FLAG.EXPIRES ? lastModifiedTs + reader.signed() : 0);
    const expirationTs = flags & MEMBERSHIP_FLAG.EXPIRES ? expires : null;
    const dataBag = flags & MEMBERSHIP_FLAG.DATA_BAG ? reader.sized() : null;
    // written out: an object that is put together of others takes several times as long
    memberships.push({
      segmentId,
      left: false,
      creationTs: created,
      lastModifiedTs,
      expirationTs,
      dataBag,
    });
  }
  return { datamartId, memberships };
}

/** How many bytes a record takes, from its header. */
export function recordBytes(bytes: Buffer, start: number): number {
  return RECORD_HEADER + (bytes.readUInt32BE(start + 16) >>> KIND_BITS);
}

/** Creation, last change and expiry. */
function wideInstants(reader: ByteReader): readonly [number, number, number] {
  return [reader.double(), reader.double(), reader.double()];
}
