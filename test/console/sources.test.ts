import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { createImport, dataOf, getSegment } from '../client.ts';
import { startService } from '../helper.ts';
import { startSshd } from '../sources/sftp-server.ts';
import {
  executionsOf,
  folderFor,
  getSource,
  openImport,
  putSource,
  untilRun,
} from '../sources/source-world.ts';
import { assertAccessible } from './axe.ts';
import { openConsole } from './browser.ts';
import { englishOn } from './english.ts';

async function open(t: TestContext) {
  const folder = await folderFor(t);
  const service = await startService(t, {
    ...{ sourceSettleMs: 100, sourceRetryMs: 60_000, sourceFolders: [folder], sourceHosts: ['127.0.0.1'] },
    sourceKey: randomBytes(32).toString('base64'),
  });
  return { folder, service, ...(await openImport(service)) };
}

const dialogOf = (page: Page) => page.getByRole('dialog', { name: /source$/i });
const rowOf = (page: Page, name: string) =>
  page.getByRole('region', { name: 'Files that were seen' }).getByRole('row', { name });

test('an import gets a source, is pulled from, and says of each file why it was or was not taken', async (t) => {
  const { folder, service, importId, segmentId, line } = await open(t);
  await writeFile(path.join(folder, 'a.ndjson'), line('a'));
  await writeFile(path.join(folder, 'empty.ndjson'), '');
  await writeFile(path.join(folder, 'other.csv'), 'x');
  const { page } = await openConsole(t, service, { path: `/datamarts/1/imports/${importId}` });
  await page.getByText('Muster can pull files by itself').waitFor();
  await page.getByRole('button', { name: 'New source' }).click();
  const dialog = dialogOf(page);
  await dialog.getByRole('textbox', { name: 'Folder', exact: true }).fill('/etc');
  await assertAccessible(page, 'the form of a source');
  await dialog.getByRole('button', { name: 'Save and test' }).click();
  await dialog.getByText('sourceFolders').last().waitFor();
  await dialog.getByRole('textbox', { name: 'Folder', exact: true }).fill(folder);
  await dialog.getByRole('button', { name: 'Save and test' }).click();

  // what would be taken, before anything is
  const seen = page.getByRole('table', { name: 'Files at the source' });
  await seen.getByRole('row', { name: /a\.ndjson.*Would be taken it is new/ }).waitFor();
  await seen.getByRole('row', { name: /other\.csv.*Passed over.*not of the format/ }).waitFor();
  assert.deepEqual(await executionsOf(service, importId), []);
  await page.getByText('Not pulled yet').waitFor();

  await page.getByRole('button', { name: 'Dry run', exact: true }).click();
  await page.getByText('Last dry run:').waitFor();
  await rowOf(page, 'a.ndjson Dry run').waitFor();
  assert.equal((await getSegment(service, segmentId)).user_points_count, 0);
  await page.getByRole('button', { name: 'Pull now' }).click();
  await page.getByText('1 file taken, 1 refused').waitFor();
  await rowOf(page, 'empty.ndjson Refused').first().waitFor();
  await rowOf(page, 'a.ndjson Taken').waitFor();
  assert.equal(await seen.count(), 0, 'what was told before the run is old');
  await assertAccessible(page, 'an import with a source');
  // runs are listed below without another look at the page
  await page.getByRole('region', { name: 'Runs' }).getByRole('link', { name: 'a.ndjson #2' }).waitFor();
  await page.getByLabel('Files that were seen').first().selectOption('REFUSED');
  await rowOf(page, 'a.ndjson').first().waitFor({ state: 'detached' });
  await page.getByLabel('Files that were seen').first().selectOption('TAKEN');
  await rowOf(page, 'a.ndjson Taken').getByRole('link', { name: 'Run #2' }).click();
  await page.getByText('1 line applied, 0 failed').waitFor();
});

test('a schedule is set, paused and resumed; Settings list all sources, and a source is deleted', async (t) => {
  const { folder, service, importId } = await open(t);
  const { page } = await openConsole(t, service, { path: '/datamarts/1/settings/sources' });
  await page.getByText('No import has a source yet.').waitFor();
  await page.getByRole('button', { name: 'New source' }).click();
  const dialog = dialogOf(page);
  await dialog.getByRole('textbox', { name: 'Folder', exact: true }).fill(folder);
  await dialog.getByLabel('When').selectOption('At set times (cron)');
  await dialog.getByLabel('Cron expression').fill('0 6 * *');
  await dialog.getByLabel('Time zone').fill('Europe/Paris');
  await dialog.getByRole('button', { name: 'Save and test' }).click();
  await dialog.getByRole('alert').waitFor();
  await dialog.getByLabel('Cron expression').fill('0 6 * * 1-5');
  await dialog.getByRole('button', { name: 'Save and test' }).click();
  // its page is that of its import
  await page.getByText('At 0 6 * * 1-5 (Europe/Paris) · next pull').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused').waitFor();
  assert.equal((await getSource(service, importId)).next_run_ts, null);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('next pull').waitFor();
  assert.deepEqual((await getSource(service, importId)).schedule, {
    cron: '0 6 * * 1-5',
    time_zone: 'Europe/Paris',
  });

  await page.getByRole('button', { name: 'Edit source' }).click();
  await dialog.getByLabel('When').selectOption('At an interval');
  await dialog.getByLabel('Every').fill('2');
  await dialog.getByLabel('Unit').selectOption('hours');
  await dialog.getByRole('button', { name: 'Save and test' }).click();
  await page.getByText('Every 2 hours · next pull').waitFor();
  await untilRun(service, importId);
  await page.goto('/datamarts/1/settings/sources');
  const listed = page.getByRole('region', { name: 'Sources' });
  await listed.getByRole('row', { name: /test NDJSON OK (just now|.* ago)/ }).waitFor();
  assert.ok(await page.getByRole('button', { name: 'New source' }).isDisabled(), 'each import has one');
  await listed.getByRole('link', { name: 'test NDJSON' }).click();
  await page.getByRole('button', { name: 'Delete source' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete source' }).click();
  await page.getByText('Muster can pull files by itself').waitFor();
  assert.equal(
    (await service.call('GET', `/v1/datamarts/1/document_imports/${importId}/source`)).status,
    404,
  );
});

test('Settings list sources of every kind with their state and place', async (t) => {
  const service = await startService(t, {
    ...{ sourceHosts: ['files.example.com'], sourceKey: randomBytes(32).toString('base64') },
    pauseSources: true,
  });
  const names = ['CRM nightly', 'Warehouse', 'Web shop'];
  const schedule = { cron: '0 6 * * 1-5', time_zone: 'Europe/Paris' };
  for (const [at, source] of [
    { kind: 'SFTP', host: 'files.example.com', user: 'muster', folder: '/out', schedule },
    { kind: 'S3', bucket: 'exports', prefix: 'daily/', schedule: { interval: 900_000 } },
    { kind: 'HTTPS', url: 'https://files.example.com/users.csv.gz', schedule, enabled: false },
  ].entries()) {
    const importId = await createImport(service, { format: 'CSV' });
    await dataOf(service.call('PUT', `/v1/datamarts/1/document_imports/${importId}`, { name: names[at] }));
    await putSource(service, importId, source);
  }
  const { page, picture } = await openConsole(t, service, { path: '/datamarts/1/settings/sources' });
  const listed = page.getByRole('region', { name: 'Sources' });
  for (const [name, state, place] of [
    ['CRM nightly', 'Not pulled yet', 'SFTP sftp://muster@files.example.com/out'],
    ['Warehouse', 'Not pulled yet', 'S3 s3://exports/daily/'],
    ['Web shop', 'Paused', 'Web server https://files.example.com/users.csv.gz'],
  ] as const) {
    const row = listed.getByRole('row', { name: new RegExp(`^${name} ${state}`) });
    await row.getByText(place).waitFor();
  }
  await picture('sources');
});

test('an SFTP server is connected to by a key that is kept and never shown, and a failed pull says why', async (t) => {
  const { service, importId, line } = await open(t);
  const server = await startSshd(t);
  await writeFile(path.join(server.folder, 'a.ndjson'), line('a'));
  const { page } = await openConsole(t, service, { path: `/datamarts/1/imports/${importId}` });
  await page.getByRole('button', { name: 'New source' }).click();
  const dialog = dialogOf(page);
  await dialog.getByLabel('Kind').selectOption('SFTP');
  for (const [label, value] of [
    ['Host', '127.0.0.1'],
    ['Port', String(server.port)],
    ['User', server.user],
    ['Folder', server.folder],
    ['Private key', server.privateKey],
  ] as const)
    await dialog.getByRole('textbox', { name: label, exact: true }).fill(value);
  await dialog.getByRole('button', { name: 'Save and test' }).click();
  await page.getByText(server.hostKey).waitFor();
  await page.getByRole('row', { name: /a\.ndjson.*Would be taken/ }).waitFor();

  // the key stays where it is not given again, and the page does not have it
  await page.getByRole('button', { name: 'Edit source' }).click();
  assert.equal(await dialog.getByLabel('Credentials').inputValue(), 'KEEP');
  assert.equal(await dialog.getByLabel('Private key').count(), 0);
  await dialog.getByLabel('Names').fill('*.ndjson');
  await dialog.getByRole('button', { name: 'Save and test' }).click();
  await page.getByRole('button', { name: 'Pull now' }).click();
  await page.getByText('1 file taken').waitFor();
  await page.getByRole('button', { name: 'Edit source' }).click();
  await dialog.getByLabel('Credentials').selectOption('Remove them');
  await dialog.getByRole('button', { name: 'Save and test' }).click();
  await page.getByRole('alert').getByText('No connection').waitFor();
  await page.getByRole('button', { name: 'Pull now' }).click();
  await page.getByText('The last pull failed').waitFor();
  await page.getByText('Failing', { exact: true }).waitFor();
});

test('sources in French, for who may not edit, and on a telephone', async (t) => {
  const { folder, service, importId, line } = await open(t);
  await writeFile(path.join(folder, 'a.ndjson'), line('a'));
  await putSource(service, importId, { kind: 'LOCAL', folder, schedule: { interval: 3_600_000 } });
  await untilRun(service, importId);
  const { page } = await openConsole(t, service, {
    ...{ path: `/datamarts/1/imports/${importId}`, locale: 'fr-FR' },
  });
  await page.getByRole('button', { name: 'Tester la connexion' }).click();
  await page.getByText('Connexion établie').waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'), 0);
  assert.deepEqual(await englishOn(page), []);
  await assertAccessible(page, 'a source in French');
  await page.getByRole('button', { name: 'Modifier la source' }).click();
  for (const kind of ['SFTP', 'S3', 'HTTPS', 'LOCAL']) {
    await page.getByRole('dialog').getByLabel('Type').selectOption(kind);
    assert.deepEqual(await englishOn(page), [], kind);
  }
  await page.goto('/datamarts/1/settings/sources');
  await page.getByRole('region', { name: 'Sources' }).getByText('OK').waitFor();
  assert.deepEqual(await englishOn(page), []);

  const reader = { name: 'looker', role: 'reader', datamart_ids: null };
  const { value } = await dataOf<{ value: string }>(service.call('POST', '/v1/api_tokens', reader));
  const { page: other } = await openConsole(t, service, {
    path: `/datamarts/1/imports/${importId}`,
    token: value,
  });
  await other.getByRole('region', { name: 'Runs' }).getByRole('link', { name: 'a.ndjson #1' }).waitFor();
  assert.equal(await other.getByText('Source', { exact: true }).count(), 0);
});
