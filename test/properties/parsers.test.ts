import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { DocumentRecord } from '../../src/import/document-format.ts';
import type { Rejection } from '../../src/model/command.ts';
import { runs } from '../client.ts';
import { documentRecords, FORMATS, MOST_MS, splittingProperties } from './splitting.ts';

const KIB = 1024;

/** What a careless expression or a look-back from each line would take for ever over. */
const REPEATED = [
  ...[
    'x',
    '@',
    '"',
    '""',
    '\\',
    '\\"',
    '{',
    '[',
    '}',
    '{"a":',
    '{"a":[',
    '{},',
    '[],',
    '"a',
    '"a",',
    ' ',
    '\t',
    '\r',
    ';',
    ';"',
  ],
  ...[
    'email_hash=',
    'email_hash":"',
    '"email_hash":"a',
    'x@',
    'a b',
    '{"operation":"UPDATE"',
    '{"a":"',
    '0',
    '\ufeff',
    '\xff',
  ],
];

function repeat(part: string, length: number): Buffer {
  return Buffer.alloc(length, Buffer.from(part, part.startsWith('\xff') ? 'latin1' : 'utf8'));
}

for (const each of FORMATS) {
  const { name, format } = each;
  for (const { title, everyDay, property } of splittingProperties(each)) {
    test(`${name}: ${title}`, () => {
      fc.assert(property as fc.IProperty<unknown>, { numRuns: runs(everyDay) });
    });
  }

  for (const part of REPEATED) {
    test(`${name}: ${JSON.stringify(part)} again and again takes linear time`, () => {
      const long = repeat(part, 256 * KIB);
      const broken = Buffer.concat([Buffer.from('""x'), long]);
      for (const bytes of [long, broken, repeat(`${part}\n`, 64 * KIB)]) {
        const startedAt = performance.now();
        const records = documentRecords(format, bytes);
        for (const record of records.slice(0, 1_000)) format.errorLine(record, asRejection(record));
        const took = performance.now() - startedAt;
        assert.ok(took < MOST_MS, `took ${Math.round(took)} ms`);
      }
    });
  }
}

function asRejection({ content }: DocumentRecord): Rejection {
  return 'fields' in content ? { code: 'INVALID_OPERATION', message: 'none' } : content;
}
