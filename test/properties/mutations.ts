import fc from 'fast-check';
import { csvFile, ndjsonFile } from './files.ts';

export type Mutation =
  | { readonly type: 'flip'; readonly at: number; readonly bit: number }
  | { readonly type: 'cut'; readonly at: number; readonly length: number }
  | { readonly type: 'repeat'; readonly at: number; readonly length: number }
  | { readonly type: 'insert'; readonly at: number; readonly bytes: Buffer };

/** What breaks parsers when it stands where it should not. */
const nasty = fc.constantFrom(
  ...[
    '"',
    '""',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ';',
    '\t',
    ':',
    '\0',
    '\r',
    '\n',
    '\r\n',
    '\n\n',
    '{\n',
    '\n}',
    '\n"',
    ' "',
    '" ',
    '\n\ufeff',
    '\nsep=;\n',
    '\n,,,\n',
    'x",",\n',
  ],
  ...[
    '\ufeff',
    '\u2028',
    '\u00a0',
    '\u0085',
    '\f',
    '\v',
    '\x1a',
    '\ufffd',
    '😀',
    '//',
    '/*',
    'null',
    '1e999',
  ],
  ...[[0xff], [0xc3], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xfe, 0xff], [0xc0, 0x80]].map((bytes) =>
    Buffer.from(bytes),
  ),
);

/** One thing that goes wrong with bytes. */
export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ type: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
  fc.record({ type: fc.constant('cut' as const), at: fc.nat(), length: fc.nat(300) }),
  fc.record({ type: fc.constant('repeat' as const), at: fc.nat(), length: fc.nat(300) }),
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('insert' as const),
      at: fc.nat(),
      bytes: nasty.map((bytes) => Buffer.from(bytes as string)),
    }),
  },
);

/** The bytes after some things have gone wrong with them. */
export function mutate(bytes: Buffer, mutations: readonly Mutation[]): Buffer {
  let mutated = bytes;
  for (const each of mutations) {
    const at = each.at % (mutated.length + 1);
    const [before, after] = [mutated.subarray(0, at), mutated.subarray(at)];
    if (each.type === 'insert') mutated = Buffer.concat([before, each.bytes, after]);
    else if (each.type === 'cut') mutated = Buffer.concat([before, after.subarray(each.length)]);
    else if (each.type === 'repeat') mutated = Buffer.concat([before, after.subarray(0, each.length), after]);
    else if (after.length > 0) {
      mutated = Buffer.from(mutated);
      mutated[at] = (mutated[at] ?? 0) ^ (1 << each.bit);
    }
  }
  return mutated;
}

/** Bytes that have the alphabet of a format and none of its order. */
export const soup = fc
  .array(
    fc.oneof(
      nasty.map((bytes) => Buffer.from(bytes as string)),
      fc
        .constantFrom('{', '}', '"', '"a":', '\n', ' ', 'a', '1', 'operation', '{"a":1}\n')
        .map((text) => Buffer.from(text)),
    ),
    { maxLength: 120 },
  )
  .map((parts) => Buffer.concat(parts));

/**
 * Any bytes at all: mostly valid files of a format with something wrong in them, sometimes plain
 * nonsense.
 */
export function spoiltFile(
  format: 'NDJSON' | 'CSV',
  names: ReadonlyMap<string, string>,
): fc.Arbitrary<Buffer> {
  const file = (format === 'NDJSON' ? ndjsonFile(30) : csvFile(30)).map(
    (draft) => draft.write(names, 1.7e12).bytes,
  );
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(file, fc.array(mutation, { minLength: 1, maxLength: 12 }))
        .map(([bytes, mutations]) => mutate(bytes, mutations)),
    },
    { weight: 2, arbitrary: soup },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
  );
}

/** Ids for generated commands where no service is at hand. */
export const SOME_NAMES: ReadonlyMap<string, string> = new Map(
  [
    ...['alpha', 'beta', 'lasting', 'short', 'paused', 'query', 'deleted', 'foreign segment'],
    ...['default', 'other', 'archived', 'foreign'],
  ].flatMap((name, index) => [
    [name, String(index + 11)],
    [`${name} name`, name],
    [`${name} token`, `${name}-token`],
  ]),
);
