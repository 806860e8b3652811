import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvFormat } from '../../src/import/csv.ts';
import { parseCsvHeader } from '../../src/import/csv-header.ts';
import { type CommandContext, type DocumentFormat, isRejection } from '../../src/import/document-format.ts';
import { ndjsonFormat } from '../../src/import/ndjson.ts';
import { parseCommand } from '../../src/import/parse-command.ts';
import { buildCatalogue } from '../../src/model/catalogue.ts';

const context: CommandContext = {
  startDate: 1_800_000_000_000,
  catalogue: buildCatalogue({ datamartId: '1', version: 0, selections: [], segments: [] }),
};

const parsedHeader = parseCsvHeader('operation,user_agent_id,segment_ids', 'COMMANDS');
assert.ok(parsedHeader.ok);
const csv = csvFormat(parsedHeader.header, { offset: 0, line: 0 });

/** The codes of a document's records, and their lines of the error file. */
function failures(format: DocumentFormat, document: string): { code: string; errorLine: string }[] {
  const records = format.createSplitter(format.start).push(Buffer.from(document), true);
  return records.map((record) => {
    const command = isRejection(record.content) ? record.content : parseCommand(record.content, context);
    assert.ok(isRejection(command));
    return { code: command.code, errorLine: format.errorLine(record, command) };
  });
}

function codes(format: DocumentFormat, document: string): string[] {
  return failures(format, document).map(({ code }) => code);
}

test('brackets that do not match, thousands of them, are one bad line', () => {
  assert.deepEqual(codes(ndjsonFormat, `${'[},'.repeat(20_000)}\n`), ['INVALID_JSON']);
});

test('a data bag of thousands of brackets is one bad line', () => {
  const deep = '['.repeat(20_000) + ']'.repeat(20_000);
  const fields = {
    operation: 'UPDATE',
    user_agent_id: 'a',
    segment_id: '1',
    expiration_duration: 0,
    data_bag: deep,
  };
  assert.deepEqual(codes(ndjsonFormat, JSON.stringify(fields)), ['UNKNOWN_SEGMENT']);
  const known = buildCatalogue({
    datamartId: '1',
    version: 0,
    selections: [],
    segments: [
      {
        ...{
          id: '1',
          organisationId: '1',
          datamartId: '1',
          type: 'USER_LIST',
          feedType: 'FILE_IMPORT',
          subtype: '',
        },
        ...{ name: '', shortDescription: null, technicalName: null, defaultTtlMs: null, persisted: true },
        ...{ paused: false, creationTs: 0, lastModifiedTs: 0 },
      },
    ],
  });
  const [record] = ndjsonFormat
    .createSplitter(ndjsonFormat.start)
    .push(Buffer.from(JSON.stringify(fields)), true);
  assert.ok(record && !isRejection(record.content));
  const command = parseCommand(record.content, { ...context, catalogue: known });
  assert.equal(isRejection(command) && command.code, 'INVALID_DATA_BAG');
});

test('a cell of thousands of brackets is one bad row', () => {
  const deep = '['.repeat(20_000) + ']'.repeat(20_000);
  assert.deepEqual(codes(csv, `UPDATE,a,"${deep}"\n`), ['INVALID_TYPE']);
});

test('a list of many thousand numbers is read once, not once for each', () => {
  const list = `[${'1,'.repeat(30_000)}1.5e1]`;
  assert.deepEqual(codes(ndjsonFormat, `{"operation":"UPDATE","user_agent_id":"a","segment_ids":${list}}`), [
    'INVALID_TYPE',
  ]);
  assert.deepEqual(codes(csv, `UPDATE,a,"${list}"\n`), ['INVALID_TYPE']);
});

test('an address that came as a list is in no error line', () => {
  const [failure] = failures(
    ndjsonFormat,
    '{"operation":"UPDATE","email_hash":["john@example.com"],"segment_id":"1"}',
  );
  assert.equal(failure?.code, 'INVALID_TYPE');
  assert.doesNotMatch(failure.errorLine, /john/);
});

test('the U+FEFF that a row begins with is not part of its first cell', () => {
  const [, failure] = failures(csv, 'UPDATE,b,1\n\ufeffUPDATE,a,1\n');
  assert.equal(failure?.code, 'UNKNOWN_SEGMENT');
  assert.ok(!failure.errorLine.includes('\ufeff'));
});

test('a header with an open quote, or with lone carriage returns, is refused', () => {
  for (const header of ['operation,user_agent_id,"no', 'operation,"a"b', 'operation,segment_id\rUPDATE,1']) {
    assert.equal(parseCsvHeader(header, 'COMMANDS').ok, false, header);
  }
  assert.equal(parseCsvHeader('operation,no"te', 'COMMANDS').ok, true);
});
