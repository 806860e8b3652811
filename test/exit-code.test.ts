import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

/** A test file for a moment, which names postgres.ts, so that the run starts one. */
const NAME = `exit-code-${process.pid}`;
const content = (isRight: boolean) => `// as those that need postgres.ts
import assert from 'node:assert/strict';
import { test } from 'node:test';
test('is right', () => assert.ok(${isRight}));
`;

for (const [told, isRight, expected] of [
  ['a run of tests of which one fails ends with 1, also where it has started a PostgreSQL', false, 1],
  ['a run of tests that pass ends with 0', true, 0],
] as const) {
  test(told, async (t) => {
    const file = `test/${NAME}.test.ts`;
    writeFileSync(file, content(isRight));
    t.after(() => rmSync(file));
    const run = spawn(process.execPath, ['--import', 'tsx', 'scripts/test.ts', 'fast', NAME], {
      // a run within a run would take itself for one file of the outer one
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, MUSTER_TEST_POSTGRES: undefined },
      stdio: 'ignore',
    });
    const [code] = await once(run, 'exit');
    assert.equal(code, expected);
  });
}
