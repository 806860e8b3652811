import test from 'node:test';
import fc from 'fast-check';
import { runs } from '../client.ts';
import { FORMATS, splittingProperties } from './splitting.ts';

// that readers take work linear in the bytes of a file is counted in import/linear.test.ts
for (const each of FORMATS) {
  const { name } = each;
  for (const { title, everyDay, property } of splittingProperties(each)) {
    test(`${name}: ${title}`, () => {
      fc.assert(property as fc.IProperty<unknown>, { numRuns: runs(everyDay) });
    });
  }
}
