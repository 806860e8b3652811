import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unknownColumns } from '../../src/import/csv-header.ts';
import { type DocumentFormat, isRejection, MAX_LINE_BYTES } from '../../src/import/document-format.ts';
import { ndjsonFormat } from '../../src/import/ndjson.ts';
import { parseCommand } from '../../src/import/parse-command.ts';
import { type ReadFormat, readFormatOf } from '../../src/import/read-format.ts';
import { asUserListCommand } from '../../src/import/user-list.ts';
import { context, START_DATE } from './both-ways.ts';

type Profile = 'COMMANDS' | 'USER_LIST';

function read(text: string, profile: Profile = 'COMMANDS'): ReadFormat {
  return readFormatOf(Buffer.from(text), { mimeType: 'TEXT_CSV', profile });
}

/** Line, and the command's user or the code and message, of each record. */
function outcomes(text: string, profile: Profile = 'COMMANDS', format?: DocumentFormat): string[] {
  const result = read(text, profile);
  assert.ok(format !== undefined || result.ok);
  const { start, createSplitter } = format ?? (result as { format: DocumentFormat }).format;
  const records = createSplitter(start).push(Buffer.from(text).subarray(start.offset), true);
  return records.map(({ line, content }) => {
    if (isRejection(content)) return `${line} ${content.code}: ${content.message}`;
    const row = profile === 'COMMANDS' ? content : asUserListCommand(content, '1', context.catalogue);
    const command = parseCommand(row, context);
    return isRejection(command)
      ? `${line} ${command.code}: ${command.message}`
      : `${line} ${command.identifier.value} ${command.targets[0]?.expiresAt} ${command.dataBag}`;
  });
}

test('blanks around a quoted cell are not part of it, in the header and in rows', () => {
  const header = 'operation, "user_agent_id", "segment_id", "data_bag", "expiration_ts"\n';
  assert.deepEqual(
    outcomes(`${header}UPDATE, "u8",1 ,\t"{""a"": 1}" , "${START_DATE}"\nUPDATE,"u9"  ,1, "" ,\t"0"\t\n`),
    [`2 u8 ${START_DATE} {"a": 1}`, '3 u9 null null'],
  );
});

test('a tab is no blank where it is the separator', () => {
  assert.deepEqual(outcomes('operation\tuser_agent_id\tsegment_id\texpiration_ts\nUPDATE\t "a" \t1\t0\n'), [
    '2 a null null',
  ]);
  assert.deepEqual(outcomes('operation\tuser_agent_id\tsegment_id\texpiration_ts\nUPDATE\t\t"a"\t0\n'), [
    '2 MISSING_IDENTIFIER: expected one of user_account_id, email_hash or user_agent_id, got none',
  ]);
});

test('rows whose cells are all blank are skipped like blank lines', () => {
  const rows = [',,', ' ,\t, ', '"",""', '"\n"', '\u00a0', ',,,,,,', '\ufeff', 'UPDATE,a,1'];
  const [only, ...more] = outcomes(`operation,user_agent_id,segment_id\n${rows.join('\n')}\n`);
  assert.match(only ?? '', /^10 MISSING_EXPIRATION/);
  assert.deepEqual(more, []);
});

test('a line like sep=; names the separator, and is no header', () => {
  for (const [line, separator] of [
    ['sep=;', ';'],
    ['SEP=,\r', ','],
    ['Sep=\t', '\t'],
    ['\ufeffsep=;\r', ';'],
    ['"sep=;"', ';'],
  ] as const) {
    const cells = (row: string) => row.replaceAll('|', separator);
    const text = `${line}\n${cells('operation|user_agent_id|segment_id|expiration_ts\r\nUPDATE|a|1|0\r\n')}`;
    assert.deepEqual(outcomes(text), ['3 a null null'], line);
  }
  for (const above of ['\n', ' \r\n\n', ';;\n', '"";""\n', '\n'.repeat(100)]) {
    const text = `${above}sep=;\n\n;;;\noperation;user_agent_id;segment_id;expiration_ts\nUPDATE;a;1;0\n`;
    assert.deepEqual(outcomes(text), [`${text.split('\n').length - 1} a null null`], JSON.stringify(above));
  }
  assert.ok(!read('x\nsep=;\noperation;user_agent_id\n').ok, 'below a line that is not blank it is none');
  assert.ok(!read('sep=;\nsep=,\noperation,user_agent_id\n').ok, 'there is one');
  const other = read('sep=|\noperation|user_agent_id\n');
  assert.ok(!other.ok && other.message.includes('got "|"'));
  // it counts, whatever the header looks like
  assert.ok(!read('sep=,\noperation;user_agent_id\n').ok);
});

test('a header that is repeated fails, in any case, and in error files again', () => {
  const again = /^\d INVALID_CSV: the header again/;
  const text = 'operation,user_agent_id,note\nDELETE,a,x\nOperation, "user_agent_id" ,NOTE\nsep=,\n';
  const found = outcomes(text);
  assert.equal(found.length, 3);
  for (const outcome of found.slice(1)) assert.match(outcome, again);
  const result = read(text);
  assert.ok(result.ok);
  const { format } = result;
  const records = format.createSplitter(format.start).push(Buffer.from(text).subarray(29), true);
  const rejection = { code: 'INVALID_CSV', message: 'the header again' } as const;
  const errors =
    format.errorFileHeader +
    records
      .slice(1)
      .map((each) => format.errorLine(each, rejection))
      .join('');
  for (const outcome of outcomes(errors)) assert.match(outcome, again);
});

test('a list of users makes no user of a header, whatever its columns and their order', () => {
  const again = /^\d INVALID_CSV: the header again/;
  const text =
    'user_account_id,note\nu1,x\nuser_account_id,note\nname,USER_ACCOUNT_ID\nemail_hash\nsep=,\nu2\n';
  const [first, ...rest] = outcomes(text, 'USER_LIST');
  assert.equal(first, '2 u1 null null');
  assert.equal(rest.pop(), '7 u2 null null');
  assert.equal(rest.length, 4);
  for (const outcome of rest) assert.match(outcome, again);
});

test('a BOM at the start of a line is not part of its first value', () => {
  const header = 'user_agent_id,operation,segment_id,expiration_ts\n';
  assert.deepEqual(
    outcomes(`${header}\ufeffa,UPDATE,1,0\n\ufeff\ufeff"b",UPDATE,1,0\n"\ufeffc",UPDATE,1,0\n`),
    ['2 a null null', '3 b null null', '4 \ufeffc null null'],
  );
});

test('an error file of a list of users makes nobody of a row that could not be read, until it is corrected', () => {
  const text = 'user_account_id\n"u1"x\nu\r2\n"u3\n';
  const result = read(text, 'USER_LIST');
  assert.ok(result.ok);
  const { format } = result;
  const failed = format
    .createSplitter(format.start)
    .push(Buffer.from(text).subarray(format.start.offset), true);
  const lines = failed.map((each) => (isRejection(each.content) ? format.errorLine(each, each.content) : ''));
  const errors = outcomes(format.errorFileHeader + lines.join(''), 'USER_LIST');
  assert.equal(errors.length, 3);
  for (const outcome of errors) assert.match(outcome, /INVALID_CSV: the whole row is in one cell/);
  const corrected = `${format.errorFileHeader}2,INVALID_CSV,message,u1\n`;
  assert.deepEqual(outcomes(corrected, 'USER_LIST'), ['2 u1 null null']);
});

test('NDJSON: a BOM at the start of a line is not part of it, wherever the line is', () => {
  const command = (id: string) =>
    `{"operation":"UPDATE","user_agent_id":"${id}","segment_id":"1","expiration_ts":0}`;
  const spread = command('c').replaceAll(',', ',\n\ufeff');
  // as long as a line may be, without its BOMs
  const long = `${command('d').slice(0, -1)},"note":"${'x'.repeat(MAX_LINE_BYTES - command('d').length - 10)}"}`;
  const lines = [
    command('a'),
    `\ufeff${command('b')}`,
    `\ufeff\ufeff${spread}`,
    '\ufeff',
    `\ufeff\ufeff${long}\r`,
    '\ufeffx',
  ];
  assert.equal(Buffer.byteLength(long), MAX_LINE_BYTES);
  const ids = outcomes(lines.join('\n'), 'COMMANDS', ndjsonFormat).map((each) => each.replace(/:.*/, ''));
  assert.deepEqual(ids, [
    '1 a null null',
    '2 b null null',
    '3 c null null',
    '8 d null null',
    '9 INVALID_JSON',
  ]);
  const cut = `{"operation":\n\ufeff${command('e')}\n`;
  assert.deepEqual(
    outcomes(cut, 'COMMANDS', ndjsonFormat).map((each) => each.replace(/:.*/, '')),
    ['1 INVALID_JSON', '2 e null null'],
  );
});

test('a carriage return alone fails a row, but not in a quoted cell', () => {
  const header = 'operation,user_agent_id,segment_id,expiration_ts\r\n';
  const found = outcomes(
    `${header}UPDATE,a\rb,1,0\r\nUPDATE,"a\rb",1,0\r\nUPDATE,a,1,0\r\r\n"a"\r,a\r\nUPDATE,a,1,0\r`,
  );
  assert.deepEqual(
    found.map((outcome) => outcome.replace(/:.*/, '')),
    ['2 INVALID_CSV', '3 a\rb null null', '4 INVALID_CSV', '5 INVALID_CSV', '6 a null null'],
  );
  assert.match(found[0] ?? '', /got \\r alone/);
  assert.ok(!read('operation,user_agent_id\rUPDATE,a').ok);
  assert.ok(read('operation,"user\r\nagent"\nUPDATE,a').ok);
});

test('a row with too many filled cells fails, blank ones may follow', () => {
  const header = 'operation,user_agent_id\n';
  assert.match(outcomes(`${header}DELETE,a,b\n`)[0] ?? '', /INVALID_CSV: expected at most 2 cells.*got 3$/);
  assert.match(outcomes(`${header}DELETE,a,, \n`)[0] ?? '', /MISSING_SEGMENT/);
});

test('the names that no command is read from are known, in their order', () => {
  const result = read('\ufeffOperation, Note ,"expiry ",error_line,,user_account_id\n');
  assert.ok(result.ok && result.header !== null);
  assert.deepEqual(unknownColumns(result.header), ['Note', 'expiry']);
});

test('an error file names its separator where its header does not tell it', () => {
  const text = 'sep=;\noperation;"a,operation,b";user_agent_id\nNO;;a\n';
  const result = read(text);
  assert.ok(result.ok);
  const again = read(result.format.errorFileHeader);
  assert.ok(again.ok && again.header?.delimiter === ';');
});
