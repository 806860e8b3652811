import fc from 'fast-check';
import { type Json, type JsonMember, number, object } from '../model/json.ts';

/**
 * Arbitrary user segment commands as lists of fields, over few users and few segments so that they
 * meet often. Ids and instants are not known when a command is generated: `«alpha»` stands for the
 * id of segment alpha, `«now-1000»` for a second before the file is written. `resolveNames` puts
 * them in.
 */
export function commandFields(): fc.Arbitrary<readonly JsonMember[]> {
  return fc
    .record({
      operation: mostly(goodOperation, badOperation),
      identifier: mostly(goodIdentifier, badIdentifier),
      segments: mostly(goodSegments, badSegments),
      expiry: mostly(goodExpiry, badExpiry),
      dataBag: mostly(goodDataBag, badDataBag),
      unknown: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, unknownFields),
      decoy: fc.option(decoyField, { freq: 12, nil: undefined }),
      rotation: fc.nat(12),
    })
    .map(({ operation, identifier, segments, expiry, dataBag, unknown, decoy, rotation }) => {
      const fields = [...operation, ...identifier, ...segments, ...expiry, ...dataBag, ...unknown];
      const at = fields.length === 0 ? 0 : rotation % fields.length;
      const rotated = [...fields.slice(at), ...fields.slice(0, at)];
      // First of its name, so that the last one still wins where there are two.
      return decoy === undefined ? rotated : [decoy, ...rotated];
    });
}

type Fields = fc.Arbitrary<readonly JsonMember[]>;

function mostly(good: Fields, bad: Fields): Fields {
  return fc.oneof({ weight: 14, arbitrary: good }, { weight: 1, arbitrary: bad });
}

/** A field with one of these values. */
function field(name: string, values: fc.Arbitrary<Json>): Fields {
  return values.map((value): JsonMember[] => [[name, value]]);
}

/** The fields of each, in order. */
function together(...parts: readonly Fields[]): Fields {
  return fc.tuple(...parts).map((groups) => groups.flat());
}

const nothing: Fields = fc.constant([]);

const goodOperation = field('operation', fc.constantFrom('UPDATE', 'UPDATE', 'UPDATE', 'DELETE'));

const badOperation = fc.oneof(
  nothing,
  field(
    'operation',
    fc.constantFrom<Json>('update', ' UPDATE ', 'UPSERT', '', null, true, number(1), ['UPDATE'], 'DELETE\0'),
  ),
);

const text = fc.constantFrom(
  ...['u1', 'u2', 'u3', 'u4', 'U1', ' u1', '1', '01', 'null', 'é', 'e\u0301', '😀', '\u2028', '\u0085x'],
  ...[
    'a,b',
    'a;b',
    'a\tb',
    'a"b',
    'a\\b',
    "a'b",
    'a\nb',
    'a\r\nb',
    'a\rb',
    '{',
    '}',
    '{"a":1}',
    '[1]',
    '=1+1',
    '%41',
  ],
);
const accountId: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('u1', 'u2', 'u3', 'u4') },
  { weight: 3, arbitrary: text },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...['1', '-5', '9007199254740993', '123456789012345678901234'].map(number)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('12.0', '1.5E+15', '7,00', '12.5', 'u1 ', 'Ann <ann@b.example>', 'a@b'),
  },
);
const emailHash = fc.constantFrom('0cc175b9c0f1b6a8', '0CC175B9C0F1B6A8', 'h2', 'u1', '1', ' h2 ');
const agentId = fc.constantFrom('vec:1', 'vec:2', 'udp:xz:1', 'u1', '1', 'a b', 'ann@b.example', '1e+9');

const compartment: Fields = fc.oneof(
  { weight: 6, arbitrary: nothing },
  field('compartment_id', fc.constantFrom<Json>('«default»', '«other»', number('«other»'), '', null, ' ')),
  field('compartment_token', fc.constantFrom('«default token»', '«other token»')),
  fc.constant<JsonMember[]>([
    ['compartment_id', '«other»'],
    ['compartment_token', '«other token»'],
  ]),
);
const badCompartment = fc.oneof(
  field(
    'compartment_id',
    fc.constantFrom<Json>('«archived»', '«foreign»', '999999', '0«other»', ' «other» ', 'x', true, [
      '«other»',
    ]),
  ),
  field('compartment_id', fc.constantFrom<Json>('\0', '\ud800', number('1.5'), number('1e3'))),
  field(
    'compartment_token',
    fc.constantFrom<Json>('nowhere', '«archived token»', '«foreign token»', '«other»', false, '\0'),
  ),
  fc.constant<JsonMember[]>([
    ['compartment_id', '«default»'],
    ['compartment_token', '«other token»'],
  ]),
);

const goodIdentifier = fc.oneof(
  { weight: 5, arbitrary: together(field('user_account_id', accountId), compartment) },
  {
    weight: 1,
    arbitrary: together(field('user_account_id', accountId), field('email_hash', fc.constantFrom('', null))),
  },
  { weight: 2, arbitrary: together(field('email_hash', emailHash)) },
  { weight: 2, arbitrary: together(field('user_agent_id', agentId)) },
  // A compartment beside another kind of identifier is not looked at.
  { weight: 1, arbitrary: together(field('email_hash', emailHash), badCompartment) },
);
const badIdentifier = fc.oneof(
  nothing,
  compartment,
  { weight: 2, arbitrary: together(field('user_account_id', accountId), badCompartment) },
  together(field('user_account_id', accountId), field('email_hash', emailHash)),
  together(field('user_agent_id', agentId), field('email_hash', fc.constantFrom('h2', 'ann@example.com'))),
  together(
    field('user_account_id', accountId),
    field('email_hash', emailHash),
    field('user_agent_id', agentId),
  ),
  together(
    field('user_account_id', accountId),
    field('user_agent_id', fc.constantFrom<Json>(true, [], '\0')),
  ),
  field('user_account_id', fc.constantFrom<Json>('', ' \t', '\u00a0', null)),
  field(
    'user_account_id',
    fc.constantFrom<Json>(true, ['u1'], object(['id', 'u1']), '\0', 'u\0', '\ud800', 'u\udc00'),
  ),
  field('user_account_id', fc.constantFrom(...['12.0', '1e3', '1.5', '-0.0'].map(number))),
  field('email_hash', fc.constantFrom<Json>('ann@example.com', '@', ' a@b ', false, number('1.5'), 'h\0')),
  field('user_agent_id', fc.constantFrom<Json>('', false, [], '\udfff')),
);

const alphaOrSo = fc.constantFrom('alpha', 'alpha', 'beta', 'lasting', 'short');
const segmentId: fc.Arbitrary<Json> = fc.oneof(
  { weight: 5, arbitrary: alphaOrSo.map((name) => `«${name}»`) },
  { weight: 1, arbitrary: alphaOrSo.map((name) => number(`«${name}»`)) },
);
const segmentName: fc.Arbitrary<Json> = alphaOrSo.map((name) => `«${name} name»`);
const absent = fc.constantFrom<Json>('', '  ', null);
function listOf(one: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.array(one, { minLength: 1, maxLength: 4 }) },
    { weight: 1, arbitrary: one },
    { weight: 1, arbitrary: fc.tuple(absent, one) },
  );
}
const goodSegments = fc.oneof(
  { weight: 4, arbitrary: field('segment_id', segmentId) },
  { weight: 2, arbitrary: field('segment_ids', listOf(segmentId)) },
  { weight: 2, arbitrary: field('segment_technical_name', segmentName) },
  { weight: 2, arbitrary: field('segment_technical_names', listOf(segmentName)) },
  {
    weight: 1,
    arbitrary: together(
      field('segment_ids', listOf(segmentId)),
      field('segment_technical_name', segmentName),
    ),
  },
  {
    weight: 1,
    arbitrary: together(field('segment_id', absent), field('segment_technical_names', listOf(segmentName))),
  },
);
const badSegmentId = fc.constantFrom<Json>(
  ...['«paused»', '«query»', '«foreign segment»', '«deleted»', '999999', '0«alpha»', '«alpha name»', 'x'],
  ...[true, object(), '\0', '\ud800', number('1.5'), number('-«alpha»')],
);
const badSegmentName = fc.constantFrom<Json>(
  ...[
    '«paused name»',
    '«query name»',
    '«foreign segment name»',
    '«deleted name»',
    'ALPHA',
    ' alpha',
    'alpha ',
  ],
  ...[false, object(), 'alpha\0', '\ud800', number('1.5')],
);
const badSegments = fc.oneof(
  nothing,
  field('segment_id', fc.oneof(absent, badSegmentId, fc.constantFrom<Json>(' «alpha» ', ['«alpha»']))),
  field(
    'segment_ids',
    fc.oneof(fc.constant([]), badSegmentId, fc.tuple(badSegmentId, segmentId), fc.tuple(absent)),
  ),
  field('segment_ids', fc.array(badSegmentId, { minLength: 2, maxLength: 4 })),
  field('segment_technical_name', fc.oneof(badSegmentName, fc.constantFrom<Json>(['«alpha name»']))),
  field('segment_technical_names', fc.oneof(badSegmentName, fc.tuple(segmentName, badSegmentName))),
  together(field('segment_id', segmentId), field('segment_technical_name', badSegmentName)),
);

const goodDuration = fc.constantFrom<Json>(
  ...[number(0), number(10), number('10.0'), number('1e1'), '10', '10.0', '1E2', '0', number(525600)],
  // far away; the last two end in the year 9631
  ...[number(6e6), number(4_000_000_000), '4e9'],
);
const goodInstant = fc.constantFrom<Json>(
  ...[
    number('«now+86400000»'),
    '«now+86400000»',
    number('«now+86400000».0'),
    number(0),
    '0',
    '-0',
    number('0e5'),
  ],
  ...[number('«now-1000»'), '«now-1»', number('100000000000'), number('1e11'), number('253402300799999')],
  ...['253402300799999.0', number('2.53402300799999E14'), number('«now+250»'), '«now+400»'],
  ...[number('«now+400000000000»')],
);
const badWhole = fc.constantFrom<Json>(
  ...[
    number(-1),
    number('1.5'),
    '-1',
    '1.5',
    '7d',
    'never',
    'NaN',
    'Infinity',
    '0x10',
    '+10',
    '1_000',
    '.5',
    '5.',
    '٣',
  ],
  ...[
    true,
    [number(10)],
    object(),
    number('9007199254740993'),
    '9007199254740993',
    number('1e400'),
    number('1e-400'),
    number('9007199254740992'),
    '010',
    '-',
    ' ',
  ],
  ...['10.00000000000000000000001', number('1e999999999999'), '1e-999999999999', number('-1e400'), '10\0'],
);
const goodExpiry = fc.oneof(
  { weight: 4, arbitrary: field('expiration_duration', goodDuration) },
  { weight: 4, arbitrary: field('expiration_ts', goodInstant) },
  {
    weight: 1,
    arbitrary: together(field('expiration_ts', goodInstant), field('expiration_duration', goodDuration)),
  },
  {
    weight: 1,
    arbitrary: together(field('expiration_ts', goodInstant), field('expiration_duration', badWhole)),
  },
  {
    weight: 1,
    arbitrary: together(field('expiration_ts', absent), field('expiration_duration', goodDuration)),
  },
);
const badExpiry = fc.oneof(
  nothing,
  together(field('expiration_ts', absent), field('expiration_duration', absent)),
  field(
    'expiration_duration',
    fc.oneof(
      badWhole,
      fc.constantFrom<Json>(...[' 10 ', number('9007199254740991'), number(4_500_000_000), '1e16']),
    ),
  ),
  field(
    'expiration_ts',
    fc.oneof(
      badWhole,
      fc.constantFrom<Json>(...[number(1), '99999999999', ' «now+86400000» ', '253402300800000']),
      // microseconds, nanoseconds
      fc.constantFrom<Json>(...[number('«now+86400000»000'), '«now+86400000»000000', number('1e18')]),
    ),
  ),
  together(field('expiration_ts', badWhole), field('expiration_duration', goodDuration)),
);

/** `{"a":{"a":…}}`, that deep. */
function nested(depth: number): Json {
  return depth === 1 ? object() : object(['a', nested(depth - 1)]);
}
function nestedText(depth: number): string {
  return `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
}
const goodDataBag = fc.oneof(
  { weight: 10, arbitrary: nothing },
  field('data_bag', absent),
  field('data_bag', fc.constantFrom<Json>('{}', ' { } ', object())),
  {
    weight: 4,
    arbitrary: field(
      'data_bag',
      fc.constantFrom<Json>(
        ...[
          '{"a":1}',
          '{"a":2}',
          ' {"a" : [1, 2]}\n',
          '{"n":12345678901234567890.10}',
          '{"é":"😀","x":"\\u0000"}',
        ],
        ...[
          object(['b', true], ['1', number('1.0')], ['0', null]),
          object(['n', number('12345678901234567890.10')]),
        ],
        ...[object(['q', 'a"b\\c\n'], ['é', '😀'], ['l', [number(1), [], object()]]), '{"a":"«»"}'],
      ),
    ),
  },
  field('data_bag', fc.constantFrom<Json>(nested(31), nestedText(32))),
  field('data_bag', fc.constant(`{"a":"${'x'.repeat(65_536 - 8)}"}`)),
);
const badDataBag = fc.oneof(
  {
    weight: 8,
    arbitrary: field(
      'data_bag',
      fc.constantFrom<Json>(
        ...[
          '[]',
          '[{}]',
          '"x"',
          '1',
          'null',
          '{',
          '{"a":1}x',
          "{'a':1}",
          '{"a":1,}',
          'a=1',
          '{"a":NaN}',
          '{} {}',
        ],
        ...[number(5), true, false, [], [object()], '{"a":"\0"}', '{"a":"\ud800"}', '{"a":"\t"}'],
        ...[nestedText(33), nestedText(5_000)],
      ),
    ),
  },
  field('data_bag', fc.constant(`{"a":"${'x'.repeat(65_536 - 7)}"}`)),
);

const unknownFields: Fields = fc.constantFrom<readonly JsonMember[]>(
  [['note', 'x']],
  [
    ['error_line', number(3)],
    ['error_code', 'INVALID_JSON'],
    ['error_message', 'earlier'],
  ],
  [['Operation', 'DELETE']],
  [['note', object(['deep', [[[[object(['operation', 'DELETE'])]]]]])]],
  [['note', [object(['{', '}']), '"', '\\', '{{{']]],
  [['__proto__', object(['operation', 'DELETE'])]],
);
const decoyField = fc.constantFrom<JsonMember>(
  ['operation', 'nothing'],
  ['user_account_id', 'decoy'],
  ['segment_id', '«beta»'],
  ['data_bag', '{"decoy":1}'],
  ['expiration_ts', number(1)],
);

/**
 * Puts ids and instants in the place of their names. An unknown name is a mistake of a generator.
 */
export function resolveNames<T extends Json>(value: T, names: ReadonlyMap<string, string>, now: number): T {
  const inText = (given: string) =>
    given.replace(/«([^»]+)»/g, (_, name: string) => {
      if (/^now[+-]\d+$/.test(name)) return String(now + Number(name.slice(3)));
      const resolved = names.get(name);
      if (resolved === undefined) throw new Error(`nothing is called ${name}`);
      return resolved;
    });
  const within = (given: Json): Json => {
    if (typeof given === 'string') return inText(given);
    if (given === null || typeof given !== 'object') return given;
    if (Array.isArray(given)) return (given as readonly Json[]).map(within);
    const tagged = given as Exclude<typeof given, readonly Json[]>;
    return tagged.type === 'number'
      ? number(inText(tagged.text))
      : object(...tagged.members.map(([key, member]): JsonMember => [key, within(member)]));
  };
  return within(value) as T;
}
