import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { createImport, createSegment, dataOf, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { folderFor, putSource } from '../sources/source-world.ts';
import { openConsole } from './browser.ts';

const LONG = 'customers-of-all-countries-full-export-2026-11-29-that-was-made-at-night.ndjson';

/** Something on every page, with names that are longer than there is room for. */
async function fillPages(
  service: TestService,
): Promise<{ readonly importId: string; readonly segment: string }> {
  const segment = await createSegment(service, { name: 'Customers of all countries', technical_name: 'vip' });
  const other = await createSegment(service, { name: 'Others', technical_name: 'others' });
  const importId = await createImport(service, { format: 'NDJSON' });
  const lines = [segment, other].map(
    (id) => `{"operation":"UPDATE","user_account_id":"1","segment_id":"${id}","expiration_duration":0}\n`,
  );
  await dataOf(
    service.call(
      'POST',
      `/v1/datamarts/1/document_imports/${importId}/executions?max_failure_ratio=1`,
      `${lines.join('')}{}\n`,
      { 'content-type': 'application/x-ndjson', 'content-disposition': `attachment; filename="${LONG}"` },
    ),
  );
  await runFile(service, 'NDJSON', lines.join(''), { documentImportId: importId });
  await dataOf(
    service.call('POST', '/v1/api_tokens', { name: 'nightly upload', role: 'editor', datamart_ids: null }),
  );
  return { importId, segment };
}

const WIDTHS = [390, 768, 1024] as const;
/** The names of buttons that lie beside the screen, or partly. */
const UNREACHABLE = `[...document.querySelectorAll('main button')]
  .filter((button) => {
    const { left, right, width } = button.getBoundingClientRect();
    return width > 0 && (left < 0 || right > window.innerWidth);
  })
  .map((button) => button.textContent || button.getAttribute('aria-label'))`;

test('on small screens every page has its names, nothing is cut off at the side, and one can sign out', async (t) => {
  const folder = await folderFor(t);
  const service = await startService(t, { sourceFolders: [folder] });
  const { importId, segment } = await fillPages(service);
  await putSource(service, importId, { kind: 'LOCAL', folder, schedule: { interval: 86_400_000 } });
  const { page } = await openConsole(t, service, { path: '/datamarts/1/imports' });
  const list = (name: string) => page.getByRole('region', { name, exact: true });
  const pages: readonly (readonly [path: string, shown: () => Locator])[] = [
    ['home', () => list('Latest runs').getByRole('link', { name: `${LONG} #1` })],
    ['runs', () => list('Runs').getByRole('link', { name: `${LONG} #1` })],
    ['imports', () => list('Imports').getByRole('link', { name: 'test NDJSON' })],
    [`imports/${importId}`, () => list('Runs').getByRole('link', { name: `${LONG} #1` })],
    [`imports/${importId}/executions/1`, () => page.getByRole('table', { name: 'Effects by segment' })],
    ['segments', () => list('Segments').getByRole('link', { name: 'Customers of all countries' })],
    [`segments/${segment}`, () => page.getByRole('figure').first()],
    ['overlaps', () => page.getByRole('table', { name: /How much of each row/ })],
    ['users?user=user_account_id%3D1', () => page.getByRole('table', { name: 'History' })],
    ['operations', () => page.getByRole('link', { name: `${LONG} #1` })],
    ['settings/webhooks', () => page.getByText('No webhooks yet')],
    ['settings/sources', () => list('Sources').getByRole('link', { name: 'test NDJSON' })],
    ['settings/tokens', () => list('Tokens').getByText('nightly upload')],
    [
      'settings/audit',
      () =>
        list('Audit log')
          .getByText(/^execution \d/)
          .first(),
    ],
  ];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 844 });
    for (const [path, shown] of pages) {
      await page.goto(`/datamarts/1/${path}`);
      await shown().waitFor();
      const box = (await shown().boundingBox()) ?? assert.fail();
      assert.ok(box.width > 20 && box.x >= 0, `${path} at ${width}: ${JSON.stringify(box)}`);
      assert.ok(box.x < width, `${path} at ${width}: ${JSON.stringify(box)}`);
      assert.equal(await overflowOf(page), 0, `${path} is wider than ${width}`);
      assert.deepEqual(
        await page.evaluate(UNREACHABLE),
        [],
        `${path} at ${width} has buttons beside the screen`,
      );
    }
  }

  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/datamarts/1/imports');
  await page.getByLabel('Sort by').selectOption('desc name');
  await list('Imports').getByRole('link', { name: 'test NDJSON' }).click();
  await page.getByRole('heading', { name: 'test NDJSON' }).waitFor();
  for (const name of ['Menu', 'Search', 'Session']) {
    const { x, width } = (await page.getByRole('button', { name }).boundingBox()) ?? assert.fail();
    assert.ok(x >= 0 && x + width <= 390, `${name} lies from ${x} to ${x + width}`);
  }
  await page.getByRole('button', { name: 'Session' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await overflowOf(page), 0, 'the form to sign in is wider than the screen');
});

test('on a phone another datamart is chosen in the menu, where there is another', async (t) => {
  const service = await startService(t);
  const { page } = await openConsole(t, service, { path: '/datamarts/1/imports' });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('link', { name: 'Segments' }).waitFor();
  assert.equal(await page.getByRole('combobox', { name: 'Datamart' }).count(), 0);
  await dataOf(service.call('POST', '/v1/datamarts', { name: 'second shop', organisation_id: '1' }));
  await page.reload();
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('combobox', { name: 'Datamart' }).click();
  await page.getByRole('option', { name: 'second shop' }).click();
  await page.waitForURL(/datamarts\/2\/imports/);
});

test('on a small laptop the id of an execution is seen, however long the name of its file is', async (t) => {
  const service = await startService(t);
  const { importId } = await fillPages(service);
  const { page } = await openConsole(t, service, { path: `/datamarts/1/imports/${importId}` });
  await page.setViewportSize({ width: 1024, height: 768 });
  const cell = page.getByRole('cell', { name: `${LONG} #1` });
  const ofCell = (await cell.boundingBox()) ?? assert.fail();
  const ofId = (await cell.getByText('#1').boundingBox()) ?? assert.fail();
  assert.ok(ofCell.width >= 220, `the column has ${ofCell.width} px`);
  assert.ok(
    ofId.width > 10 && ofId.x + ofId.width <= ofCell.x + ofCell.width,
    JSON.stringify({ ofCell, ofId }),
  );
  assert.equal(await overflowOf(page), 0);
});

/** How many pixels of a page lie beyond the right of the screen. */
async function overflowOf(page: Page): Promise<number> {
  return (await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')) as number;
}
