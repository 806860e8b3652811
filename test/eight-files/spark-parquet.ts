import { Buffer } from 'node:buffer';

/**
 * A Parquet file as Spark writes it by default: Snappy, optional columns, timestamps as INT96,
 * which no other writer here has. Null stands for null; an instant is in ms.
 */
export type SparkColumn =
  | { readonly name: string; readonly type: 'string'; readonly values: readonly (string | null)[] }
  | {
      readonly name: string;
      readonly type: 'bigint' | 'timestamp';
      readonly values: readonly (number | null)[];
    };

const TYPE = { bigint: 2, timestamp: 3, string: 6 } as const;
const MAGIC = Buffer.from('PAR1');
const JULIAN_DAY_OF_1970 = 2_440_588;
const DAY_MS = 86_400_000;
const SNAPPY = 1;
const PLAIN = 0;
const RLE = 3;

export function sparkParquet(columns: readonly SparkColumn[]): Buffer {
  const rows = columns[0]?.values.length ?? 0;
  const parts: Buffer[] = [MAGIC];
  let offset = MAGIC.length;
  const chunks = columns.map((column) => {
    const { bytes, uncompressed } = pageOf(column);
    const chunk = columnChunk(column, { offset, bytes: bytes.length, uncompressed });
    parts.push(bytes);
    offset += bytes.length;
    return chunk;
  });
  // a part without rows has no row group
  const groups = rows === 0 ? [] : [struct([1, list(STRUCT, chunks)], [2, i64(offset)], [3, i64(rows)])];
  const footer = struct(
    [1, i32(1)],
    [2, list(STRUCT, [schemaRoot(columns.length), ...columns.map(schemaOf)])],
    [3, i64(rows)],
    [4, list(STRUCT, groups)],
    [5, list(STRUCT, [struct([1, text('org.apache.spark.version')], [2, text('3.5.1')])])],
    [6, text('parquet-mr version 1.13.1 (build db4183109d5b734ec5930d870cdae161e408ddba)')],
  ).bytes;
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([...(rows === 0 ? [MAGIC] : parts), footer, length, MAGIC]);
}

function pageOf(column: SparkColumn): { readonly bytes: Buffer; readonly uncompressed: number } {
  // a run of one value for each row: whether it is there
  const runs = Buffer.concat(column.values.map((value) => Buffer.from([2, value === null ? 0 : 1])));
  const runBytes = Buffer.alloc(4);
  runBytes.writeUInt32LE(runs.length);
  const values = column.values.flatMap((value) => (value === null ? [] : [plain(column.type, value)]));
  const data = Buffer.concat([runBytes, runs, ...values]);
  const compressed = snappy(data);
  const header = struct(
    [1, i32(0)],
    [2, i32(data.length)],
    [3, i32(compressed.length)],
    [5, struct([1, i32(column.values.length)], [2, i32(PLAIN)], [3, i32(RLE)], [4, i32(RLE)])],
  ).bytes;
  return { bytes: Buffer.concat([header, compressed]), uncompressed: header.length + data.length };
}

function plain(type: SparkColumn['type'], value: string | number): Buffer {
  if (type === 'string') {
    const bytes = Buffer.from(String(value));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([length, bytes]);
  }
  const bytes = Buffer.alloc(type === 'timestamp' ? 12 : 8);
  if (type === 'bigint') bytes.writeBigInt64LE(BigInt(value));
  else {
    const day = Math.floor(Number(value) / DAY_MS);
    bytes.writeBigInt64LE(BigInt(Number(value) - day * DAY_MS) * 1_000_000n);
    bytes.writeInt32LE(day + JULIAN_DAY_OF_1970, 8);
  }
  return bytes;
}

/** One literal: nothing is made shorter, and every reader takes it. */
function snappy(data: Buffer): Buffer {
  const literal = Buffer.from([61 << 2, (data.length - 1) & 0xff, (data.length - 1) >> 8]);
  return Buffer.concat([varint(data.length), literal, data]);
}

function schemaRoot(columns: number): Value {
  return struct([4, text('spark_schema')], [5, i32(columns)]);
}

function schemaOf({ name, type }: SparkColumn): Value {
  const isText = type === 'string';
  return struct(
    [1, i32(TYPE[type])],
    [3, i32(1)],
    [4, text(name)],
    ...(isText
      ? ([
          [6, i32(0)],
          [10, struct([1, struct()])],
        ] as const)
      : []),
  );
}

function columnChunk(
  { name, type, values }: SparkColumn,
  at: { readonly offset: number; readonly bytes: number; readonly uncompressed: number },
): Value {
  const metadata = struct(
    [1, i32(TYPE[type])],
    [2, list(I32, [i32(PLAIN), i32(RLE)])],
    [3, list(BINARY, [text(name)])],
    [4, i32(SNAPPY)],
    [5, i64(values.length)],
    [6, i64(at.uncompressed)],
    [7, i64(at.bytes)],
    [9, i64(at.offset)],
  );
  return struct([2, i64(at.offset)], [3, metadata]);
}

/** Values of Thrift's compact protocol, in which Parquet writes what it says of itself. */
type Value = { readonly type: number; readonly bytes: Buffer };
const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

function varint(number: number): Buffer {
  const bytes: number[] = [];
  for (let rest = number; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

function i32(number: number): Value {
  return { type: I32, bytes: varint(number * 2) };
}

function i64(number: number): Value {
  return { type: I64, bytes: varint(number * 2) };
}

function text(value: string): Value {
  const bytes = Buffer.from(value);
  return { type: BINARY, bytes: Buffer.concat([varint(bytes.length), bytes]) };
}

function list(type: number, values: readonly Value[]): Value {
  return {
    type: LIST,
    bytes: Buffer.concat([Buffer.from([(values.length << 4) | type]), ...values.map(({ bytes }) => bytes)]),
  };
}

function struct(...fields: readonly (readonly [id: number, value: Value])[]): Value {
  let before = 0;
  const written = fields.map(([id, { type, bytes }]) => {
    const header = Buffer.from([((id - before) << 4) | type]);
    before = id;
    return Buffer.concat([header, bytes]);
  });
  return { type: STRUCT, bytes: Buffer.concat([...written, Buffer.from([0])]) };
}
