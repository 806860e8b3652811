import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonText } from '../../src/import/json-source.ts';
import { readNamedUsers } from '../../src/import/named-users.ts';
import { ndjsonFormat } from '../../src/import/ndjson.ts';
import type { Catalogue } from '../../src/model/catalogue.ts';

/** A datamart with so many compartments, of which the first is the default one. */
function catalogueOf(compartments: number): Catalogue {
  const ids = Array.from({ length: compartments }, (_, i) => String(i + 1));
  return {
    datamartId: '1',
    version: 1,
    defaultCompartmentId: '1',
    compartmentById: new Map(ids.map((id) => [id, { archived: false }])),
    compartmentIdByToken: new Map(ids.map((id) => [`token ${id}`, id])),
    segmentById: new Map(),
    segmentByTechnicalName: new Map(),
  };
}

function compartmentsOf(fields: object, compartments: number): readonly string[] {
  const text = JSON.stringify({ user_account_id: 'u', ...fields });
  const content = { fields: JSON.parse(text) as Record<string, unknown>, ...jsonText(text) };
  const record = { line: 1, start: 0, end: { offset: text.length, line: 1 }, text, content };
  const { identifiers } = readNamedUsers(record, {
    format: ndjsonFormat,
    job: { type: 'DOCUMENT_IMPORT', documentImportId: '1' },
    catalogue: catalogueOf(compartments),
  });
  return identifiers.map(({ compartmentId }) => compartmentId);
}

test('an account without a known compartment may be in any, as long as these are few: no line becomes thousands of rows', () => {
  const unknown = { compartment_id: '999' };
  assert.equal(compartmentsOf(unknown, 16).length, 16);
  assert.deepEqual(compartmentsOf(unknown, 17), ['1']);
  assert.deepEqual(compartmentsOf({ compartment_id: true }, 2), ['1', '2']);
});

test('an account is in the compartment that is named, in both where two are, or in the default one', () => {
  assert.deepEqual(compartmentsOf({}, 3), ['1']);
  assert.deepEqual(compartmentsOf({ compartment_id: 2 }, 3), ['2']);
  assert.deepEqual(compartmentsOf({ compartment_id: '2', compartment_token: 'token 3' }, 3), ['2', '3']);
  assert.deepEqual(compartmentsOf({ compartment_id: '2', compartment_token: 'nowhere' }, 3), ['2']);
});
