import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { createImport, createSegment, dataOf, getSegment, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { drop, openConsole } from './browser.ts';

type Line = { readonly segment: string; readonly users: readonly [from: number, to: number] };

const linesOf = (...all: readonly Line[]) =>
  all
    .flatMap(({ segment, users: [from, to] }) =>
      Array.from(
        { length: to - from },
        (_, at) =>
          `{"operation":"UPDATE","user_account_id":"${from + at}","segment_technical_name":"${segment}","expiration_duration":0}\n`,
      ),
    )
    .join('');

type Run = {
  readonly status: string;
  readonly dry_run?: boolean;
  readonly parameters: {
    readonly mode?: string;
    readonly max_failure_ratio?: number;
    readonly max_shrink_ratio?: number;
  };
};

const runsOf = (service: TestService) =>
  dataOf<readonly Run[]>(service.call('GET', '/v1/datamarts/1/executions?max_results=100'));

/** Drops a file on an import and asks for the replacement of the segments that it names. */
async function askToReplace(page: Page, file: { readonly name: string; readonly text: string }) {
  await drop(page, file);
  const card = page.getByRole('region', { name: `Upload of ${file.name}` });
  await card.getByText('Replace segments').click();
  assert.equal(await card.getByLabel('Stop if more lines fail than').inputValue(), '0 %');
  assert.equal(await card.getByLabel('Stop if a segment shrinks by more than').inputValue(), '50 %');
  const ask = card.getByRole('button', { name: 'Replace…' });
  const dialog = page.getByRole('dialog');
  const replace = dialog.getByRole('button', { name: 'Replace', exact: true });
  return { card, ask, dialog, replace, name: dialog.getByLabel(/^Half or more would leave/) };
}

test('segments are replaced once it was said who would leave, and never by one click', async (t) => {
  const service = await startService(t);
  const vip = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const news = await createSegment(service, { name: 'News', technical_name: 'news' });
  const id = await createImport(service, { format: 'NDJSON' });
  const path = `/datamarts/1/imports/${id}`;
  const sizeOf = async (segment: string) => (await getSegment(service, segment)).user_points_count;
  const fill = (...lines: readonly Line[]) =>
    runFile(service, 'NDJSON', linesOf(...lines), {
      query: 'mode=replace&max_shrink_ratio=1&max_failure_ratio=1',
    });

  await t.test('most of a segment: its name is typed, and the guard is raised', async (t) => {
    await fill({ segment: 'vip', users: [0, 1000] }, { segment: 'news', users: [0, 10] });
    const before = (await runsOf(service)).length;
    const { page, picture } = await openConsole(t, service, { path });
    const text = linesOf({ segment: 'vip', users: [0, 3] }, { segment: 'news', users: [0, 12] });
    const { ask, dialog, replace, name, card } = await askToReplace(page, { name: 'few.ndjson', text });
    await ask.click();
    await dialog.getByText('VIP loses 997 of 1,000 members (99.7%).').waitFor();
    await dialog.getByText('News grows from 10 to 12 members.').waitFor();
    assert.deepEqual(
      (await runsOf(service)).slice(0, -before).map(({ dry_run }) => dry_run),
      [true],
      'a dry run alone was made for it',
    );
    await dialog
      .getByText('A segment would lose 99.7%, but you allow 50%: nothing would be applied.')
      .waitFor();
    await picture('replace-question');
    await name.fill('VIP');
    assert.ok(await replace.isDisabled(), 'the guard would stop it');
    await dialog.getByRole('button', { name: 'Allow 99.7%' }).click();
    assert.ok(await replace.isEnabled());
    for (const wrong of ['', 'vi', 'News', 'vip']) {
      await name.fill(wrong);
      assert.ok(await replace.isDisabled(), `“${wrong}” is not its name`);
      await page.keyboard.press('Enter');
    }
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    assert.deepEqual([await sizeOf(vip), await sizeOf(news)], [1000, 10], 'nothing was applied');

    await ask.click();
    await dialog.getByRole('button', { name: 'Allow 99.7%' }).click();
    await name.fill('VIP');
    await replace.click();
    await card.getByText('15 lines applied, 0 failed').waitFor();
    assert.deepEqual([await sizeOf(vip), await sizeOf(news)], [3, 12]);
    const [{ parameters } = assert.fail()] = await runsOf(service);
    assert.equal(parameters.mode, 'replace');
    assert.deepEqual([parameters.max_failure_ratio, parameters.max_shrink_ratio], [0, 0.997]);
  });

  await t.test('a dry run that was seen is not made again, and a small loss needs no name', async (t) => {
    await fill({ segment: 'vip', users: [0, 100] });
    const { page } = await openConsole(t, service, { path });
    const text = linesOf({ segment: 'vip', users: [0, 90] });
    const { ask, card, dialog, replace, name } = await askToReplace(page, { name: 'most.ndjson', text });
    await card.getByRole('button', { name: 'Dry run' }).click();
    await card.getByText('−10', { exact: true }).waitFor();
    const before = (await runsOf(service)).length;
    await ask.click();
    await dialog.getByText('VIP loses 10 of 100 members (10%).').waitFor();
    assert.equal(await name.count(), 0);
    await replace.click();
    await card.getByText('90 lines applied, 0 failed').waitFor();
    const runs = await runsOf(service);
    assert.equal(runs.length, before + 1);
    assert.deepEqual(
      [runs[0]?.parameters.max_failure_ratio, runs[0]?.parameters.max_shrink_ratio],
      [0, 0.5],
      'the guards are sent, chosen or not',
    );
  });

  await t.test('lines that fail, all users exchanged for as many, and a segment emptied', async (t) => {
    await fill({ segment: 'vip', users: [0, 100] });
    const { page } = await openConsole(t, service, { path });
    const bad = await askToReplace(page, {
      name: 'bad.ndjson',
      text: `${linesOf({ segment: 'vip', users: [0, 99] })}{"operation":"UPDATE"}\n`,
    });
    await bad.ask.click();
    await bad.dialog
      .getByText('1 line would fail (1%), but you allow 0%: nothing would be applied.')
      .waitFor();
    assert.ok(await bad.replace.isDisabled());
    await bad.dialog.getByRole('button', { name: 'Allow 1%' }).click();
    assert.ok(await bad.replace.isEnabled());
    await bad.dialog.getByRole('button', { name: 'Cancel' }).click();
    await bad.card.getByRole('button', { name: 'Dismiss bad.ndjson' }).click();

    const swap = await askToReplace(page, {
      name: 'swap.ndjson',
      text: linesOf({ segment: 'vip', users: [500, 600] }),
    });
    await swap.ask.click();
    await swap.dialog
      .getByText('VIP loses 100 of 100 members (100%). With new members it will have 100.')
      .waitFor();
    assert.ok(await swap.replace.isDisabled());
    await swap.name.fill('VIP');
    assert.ok(await swap.replace.isEnabled());
    await swap.dialog.getByRole('button', { name: 'Cancel' }).click();
    await swap.card.getByRole('button', { name: 'Dismiss swap.ndjson' }).click();

    const emptying = await askToReplace(page, {
      name: 'none.ndjson',
      text: '{"operation":"DELETE","user_account_id":"1","segment_technical_name":"vip"}\n',
    });
    await emptying.ask.click();
    await emptying.dialog.getByText('VIP loses 100 of 100 members (100%).').waitFor();
    await emptying.name.fill('VIP');
    assert.ok(await emptying.replace.isDisabled());
    await emptying.dialog.getByRole('button', { name: 'Allow 100%' }).click();
    await emptying.replace.click();
    await emptying.card.getByText('1 line applied, 0 failed').waitFor();
    assert.equal(await sizeOf(vip), 0);
  });
});
