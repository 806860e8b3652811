import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Mapping } from '../../src/model/mapping.ts';
import { createExecution, NOW, type OpenStore, openFor } from './contract.ts';

/** Names whose order counts, and that are hard to write down. */
const MAPPING: Mapping = {
  columns: {
    'Kunden-Nr.': 'user_account_id',
    'a"b\\c': 'operation',
    Bis: 'expiration_duration',
    '10': 'segment_id',
  },
  values: { operation: { "l'ajout": 'UPDATE' } },
  defaults: { segment_technical_names: ['vip', 'é'], expiration_duration: 0, data_bag: '{"a":[1]}' },
  hash: { 'user.mail': 'google_email' },
  formats: { Bis: 'with_unit' },
  optional: ['Bis'],
};
const OTHER: Mapping = { columns: {}, values: {}, defaults: { operation: 'UPDATE' }, hash: {}, formats: {} };

/** What a store keeps of mappings, as tests for any driver. */
export function mappingContract(name: string, open: OpenStore): void {
  describe(`mappings: ${name}`, () => {
    test('an import has its mapping until it gets another or none', async (t) => {
      const { documentImports } = (await openFor(t, open)).store;
      const fields = { datamartId: '1', mimeType: 'TEXT_CSV' } as const;
      const more = { encoding: 'utf-8', name: 'mapped', priority: 'LOW', creationTs: NOW } as const;
      const created = await documentImports.create({ ...fields, ...more, mapping: MAPPING });
      // as text, so that the order of the names counts
      const textOf = async () => JSON.stringify((await documentImports.get(created.id))?.mapping);
      assert.deepEqual(created.mapping, MAPPING);
      assert.equal(await textOf(), JSON.stringify(MAPPING));
      await documentImports.update(created.id, { name: 'other' });
      assert.equal(await textOf(), JSON.stringify(MAPPING));
      await documentImports.update(created.id, { mapping: OTHER });
      assert.equal(await textOf(), JSON.stringify(OTHER));
      await documentImports.update(created.id, { mapping: null });
      assert.equal(await textOf(), 'null');
      assert.equal((await documentImports.create({ ...fields, ...more })).mapping, null);
    });

    test('an execution goes on by its own mapping, whatever becomes of that of its import', async (t) => {
      const { store } = await openFor(t, open);
      const { documentImports, executions } = store;
      const created = await createExecution(store, { mapping: MAPPING });
      assert.deepEqual(created.mapping, MAPPING);
      const importId = created.job.type === 'DOCUMENT_IMPORT' ? created.job.documentImportId : '';
      await documentImports.update(importId, { mapping: OTHER });
      const most = { documents: 10, bytes: 1000 };
      // one worker dies, another goes on
      for (const [worker, now] of [
        ['first', NOW],
        ['second', NOW + 20],
      ] as const) {
        const [claimed] = await executions.claim({ worker, now, leaseUntil: now + 10, most });
        assert.equal(JSON.stringify(claimed?.mapping), JSON.stringify(MAPPING));
      }
    });
  });
}
