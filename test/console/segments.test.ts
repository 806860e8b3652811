import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { downloaded, openConsole } from './browser.ts';
import { makeShopSegments, readShopFile } from './shop.ts';

test('a segment: size over time, forecast, executions, members, overlaps, export, edit, pause', async (t) => {
  const service = await startService(t);
  await makeShopSegments(service);
  const execution = await runFile(service, 'NDJSON', (await readShopFile()).text);
  const { page, picture } = await openConsole(t, service, { path: '/datamarts/1/segments' });
  await page
    .getByRole('img', { name: /members in two weeks/ })
    .first()
    .waitFor();
  await page.getByRole('link', { name: 'Repeat buyers' }).waitFor();
  await page.locator('.recharts-surface').first().waitFor();
  await picture('segments');

  await page.getByRole('link', { name: 'Repeat buyers' }).click();
  await page
    .getByRole('figure', { name: /Size over time/ })
    .locator('svg')
    .first()
    .waitFor();
  await page.getByText('within 90 days').first().waitFor();
  await page.getByRole('tab', { name: 'Runs' }).click();
  await page.getByRole('link', { name: `document.ndjson #${execution.id}` }).waitFor();
  await page.getByRole('tab', { name: 'Members' }).click();
  const members = page.getByRole('table', { name: 'Members' });
  await members.getByText('Account').first().waitFor();
  const first = (await members.getByRole('row').nth(1).textContent()) ?? '';
  await page.getByRole('button', { name: 'Next page' }).click();
  await page.getByText('Page 2').waitFor();
  await members
    .getByRole('row')
    .nth(1)
    .filter({ hasNotText: first.slice(0, 8) })
    .waitFor();
  await page.getByRole('tab', { name: 'Overlaps' }).click();
  await page
    .getByRole('table', { name: /Pairs of segments/ })
    .getByRole('link', { name: 'Big spenders' })
    .first()
    .waitFor();
  await page.getByRole('tab', { name: 'Exports' }).click();
  await page.getByRole('button', { name: 'Export members' }).click();
  const exported = await downloaded(page, () => page.getByRole('button', { name: 'Download' }).click());
  assert.match(exported.text, /^operation,/);

  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Description').fill('bought twice or more');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('bought twice or more').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused', { exact: true }).waitFor();

  await page.getByRole('link', { name: 'Overlaps', exact: true }).click();
  await page
    .getByRole('table', { name: /How much of each row/ })
    .getByText('%')
    .first()
    .waitFor();
  await picture('overlaps');

  await page.getByRole('link', { name: 'Segments', exact: true }).click();
  await page.getByRole('button', { name: 'New segment' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Lapsed');
  await page.getByRole('textbox', { name: 'Technical name' }).fill('lapsed');
  await page.getByRole('button', { name: 'Create segment' }).click();
  await page.getByText('The technical name is taken').waitFor();
  await page.getByRole('textbox', { name: 'Technical name' }).fill('lapsed-again');
  await page.getByRole('button', { name: 'Create segment' }).click();
  await page.getByRole('heading', { name: 'Lapsed' }).waitFor();
});

test('ten thousand segments: sorted and searched at once, and scrolled without a halt', async (t) => {
  const service = await startService(t);
  await makeMany(service, 10_000);
  const { page } = await openConsole(t, service, { path: '/datamarts/1/segments' });
  await page.getByText('10,000 of 10,000').waitFor();
  await page.getByRole('button', { name: 'Name', exact: true }).click();
  await page.getByRole('link', { name: 'Segment 00000' }).waitFor();
  assert.ok((await page.locator('tbody tr').count()) < 60, 'rows out of sight are not laid out');
  const frames = (await page.evaluate(SCROLL_THROUGH)) as number[];
  const [median = 0, longest = 0] = [frames[Math.floor(frames.length / 2)], frames.at(-1)];
  t.diagnostic(
    `frames while scrolling through 10,000 segments: median ${Math.round(median)} ms, longest ${Math.round(longest)} ms`,
  );
  await page
    .getByRole('link', { name: /Segment 09\d\d\d/ })
    .first()
    .waitFor();
  // on a machine that is shared frames wait for others; a list that lays out everything would take
  // seconds for each
  assert.ok(longest < 2_000, `longest ${longest} ms`);
  await page.getByLabel('Search segments').fill('segment 0777');
  await page.getByText('10 of 10,000').waitFor();
});

/**
 * Scrolls the list to its end, a step for each frame; gives how long the frames took in ms, the
 * longest last.
 */
const SCROLL_THROUGH = `new Promise((resolve) => {
  const list = document.querySelector('[role=region][aria-label=Segments]');
  const frames = [];
  let last = performance.now();
  const step = (now) => {
    frames.push(now - last);
    last = now;
    list.scrollTop += frames.length < 100 ? 240 : 8000;
    if (list.scrollTop + list.clientHeight >= list.scrollHeight - 1) resolve(frames.sort((a, b) => a - b));
    else requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`;

/** Straight into the store, in one statement: as many calls would be as many commits. */
async function makeMany({ store }: TestService, count: number): Promise<void> {
  const connection = await store.staging.connect();
  await connection.run(
    `insert into muster.segment select 1000 + i, 1, 1, 'USER_LIST', 'FILE_IMPORT', 'STANDARD',
       'Segment ' || lpad(cast(i as text), 5, '0'), null, null, null, true, false, 0, 0 from range(${count}) t(i)`,
  );
  connection.closeSync();
}
