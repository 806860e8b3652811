import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nearestTechnicalName } from '../../src/import/nearest-name.ts';
import { buildCatalogue } from '../../src/model/catalogue.ts';
import { editDistance } from '../../src/model/edit-distance.ts';
import { runs } from '../client.ts';

function catalogueOf(names: readonly string[]) {
  const segments = names.map((name, i) => ({
    ...{ id: String(i + 1), organisationId: '1', datamartId: '1', name, technicalName: name },
    ...({ type: 'USER_LIST', feedType: 'FILE_IMPORT', subtype: 'STANDARD', shortDescription: null } as const),
    ...{ defaultTtlMs: null, persisted: true, paused: false, creationTs: 0, lastModifiedTs: 0 },
  }));
  return buildCatalogue({ datamartId: '1', version: 1, selections: [], segments });
}

test('the nearest technical name is one letter away at most, whatever its capitals and signs', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'C', '-'), minLength: 1, maxLength: 7 });
  fc.assert(
    fc.property(fc.uniqueArray(word, { maxLength: 12 }), word, (names, written) => {
      const letters = (text: string) => text.toLowerCase().replaceAll('-', '');
      const most = letters(written).length < 4 ? 0 : 1;
      const distances = names
        .filter((name) => letters(name) !== '')
        .map((name) => editDistance(letters(written), letters(name)));
      const least = Math.min(...distances, Number.POSITIVE_INFINITY);
      const nearest = nearestTechnicalName(written, catalogueOf(names));
      const isNear = letters(written) !== '' && least <= most;
      assert.equal(
        nearest === null ? null : editDistance(letters(written), letters(nearest)),
        isNear ? least : null,
      );
    }),
    { numRuns: runs(500) },
  );
});

test('an unknown name costs the same beside many names', () => {
  const catalogue = catalogueOf(Array.from({ length: 20_000 }, (_, i) => `segment of the year ${i}`));
  nearestTechnicalName('x', catalogue);
  const begunAt = performance.now();
  for (let i = 0; i < 2_000; i++) nearestTechnicalName(`sigment of the yaer ${i}`, catalogue);
  assert.ok(performance.now() - begunAt < 2_000);
});
