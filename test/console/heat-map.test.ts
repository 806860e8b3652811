import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSegment, runFile } from '../client.ts';
import { startService } from '../helper.ts';
import { openConsole } from './browser.ts';

const SEGMENTS = {
  'High value': [0, 100],
  'Churned with a name that is too long for a column': [50, 150],
  Newcomers: [98, 200],
  Others: [900, 910],
} as const;

/**
 * The brightness of a color as the browser has computed it, from 0 to 1; null where one looks
 * through to the page.
 */
function brightnessOf(color: string): number | null {
  const [red = 0, green = 0, blue = 0, alpha = 1] = (color.match(/[\d.]+/g) ?? []).map(Number);
  if (alpha === 0) return null;
  // color-mix gives parts of 1, rgb of 255
  return (red + green + blue) / (color.startsWith('color(') ? 3 : 765);
}

type Cell = { readonly text: string; readonly background: string; readonly isHatched: boolean };

/** The cells of the row of `High value`. */
const READ_ROW = `[...document.querySelectorAll('.heat-map tbody tr')]
  .find((row) => row.querySelector('th').textContent === 'High value')
  .querySelectorAll('td')
  .values()
  .map((cell) => ({
    text: cell.textContent,
    background: getComputedStyle(cell).backgroundColor,
    isHatched: getComputedStyle(cell).backgroundImage !== 'none',
  }))
  .toArray()`;

test('the heat map has a number in each cell, and the deeper a color the more is shared, in light and in dark', async (t) => {
  const service = await startService(t);
  for (const [name, [from, to]] of Object.entries(SEGMENTS)) {
    const id = await createSegment(service, { name });
    const lines = Array.from(
      { length: to - from },
      (_, at) =>
        `{"operation":"UPDATE","user_account_id":"${from + at}","segment_id":"${id}","expiration_duration":0}\n`,
    );
    await runFile(service, 'NDJSON', lines.join(''));
  }
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await openConsole(t, service, { path: '/datamarts/1/overlaps', colorScheme });
    const map = page.getByRole('table', { name: /How much of each row/ });
    await map.getByText('50%').first().waitFor();
    const cells = (await page.evaluate(READ_ROW)) as readonly Cell[];
    const [none, few, half] = ['0%', '2%', '50%'].map(
      (text) =>
        cells.find((cell) => cell.text === text) ?? assert.fail(`${text} of ${JSON.stringify(cells)}`),
    );
    assert.deepEqual(
      cells.filter(({ isHatched }) => isHatched).map(({ text }) => text),
      [''],
      'a segment with itself looks like nothing else',
    );
    assert.equal(brightnessOf(none?.background ?? ''), null, 'where nothing is shared the page is seen');
    const page0 = brightnessOf(await page.evaluate('getComputedStyle(document.body).backgroundColor')) ?? 1;
    const [a = 0, b = 0] = [few, half].map((cell) => brightnessOf(cell?.background ?? '') ?? page0);
    const distances = [Math.abs(a - page0), Math.abs(b - page0)] as const;
    assert.ok(distances[0] > 0.01 && distances[1] > distances[0], `${colorScheme}: ${distances}`);

    // the legend lies below the map, and not over the names of its columns
    const legend = (await page.getByText('a few', { exact: true }).boundingBox()) ?? assert.fail();
    const box = (await map.boundingBox()) ?? assert.fail();
    assert.ok(legend.y >= box.y + box.height, JSON.stringify({ legend, box }));
  }
});
