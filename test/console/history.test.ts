import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import { createImport, createSegment, dataOf, type ExecutionAnswer, runFile, waitForEnd } from '../client.ts';
import { startService } from '../helper.ts';
import { openConsole } from './browser.ts';

const HOUR_MS = 3_600_000;
/** A pixel that is cut by the grid of the screen, and one for a line that has a width. */
const NEAR_PX = 2;

const lines = (operation: 'UPDATE' | 'DELETE', from: number, to: number) =>
  Array.from(
    { length: to - from },
    (_, at) =>
      `{"operation":"${operation}","user_account_id":"${from + at}","segment_technical_name":"vip"${operation === 'UPDATE' ? ',"expiration_duration":0' : ''}}\n`,
  ).join('');

/** What was done to the segment, hours ago, and how many members it had after it. */
const RUNS = [
  { hoursAgo: 40, size: 200, entries: 200, exits: 0 },
  { hoursAgo: 30, size: 300, entries: 100, exits: 0 },
  // a replacement by 20 of the users
  { hoursAgo: 10, size: 20, entries: 0, exits: 280 },
  // its revert, and within the same hour a file that takes 100 out
  { hoursAgo: 5, size: 300, entries: 280, exits: 0 },
  { hoursAgo: 4.95, size: 200, entries: 0, exits: 100 },
] as const;

test('the charts of a segment: steps at the runs over the time that was chosen, and who went out below zero', async (t) => {
  // the middle of an hour, so that the last two runs are within one
  let hoursAgo = 41;
  const end = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS / 2;
  const service = await startService(t, {}, () =>
    hoursAgo === 0 ? Date.now() : end - Math.round(hoursAgo * HOUR_MS),
  );
  const segment = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const run = (index: number, body: string, query = '') => {
    hoursAgo = RUNS[index]?.hoursAgo ?? assert.fail();
    return runFile(service, 'NDJSON', body, { documentImportId, query });
  };
  await run(0, lines('UPDATE', 0, 200));
  await run(1, lines('UPDATE', 200, 300));
  const replacement = await run(2, lines('UPDATE', 0, 20), 'mode=replace&max_shrink_ratio=1');
  hoursAgo = RUNS[3].hoursAgo;
  const reverting = service.call(
    'POST',
    `/v1/datamarts/1/document_imports/${documentImportId}/executions/${replacement.id}/action`,
    { action: 'REVERT' },
  );
  const revert = await waitForEnd(service, await dataOf<ExecutionAnswer>(reverting));
  await run(4, lines('DELETE', 0, 100));
  hoursAgo = 0;

  const { page, picture } = await openConsole(t, service, {
    path: `/datamarts/1/segments/${segment}`,
    colorScheme: 'dark',
  });
  for (const [span, hours] of [
    ['48 hours', 48],
    ['30 days', 30 * 24],
    ['90 days', 90 * 24],
  ] as const) {
    await page.getByText(span, { exact: true }).click();
    await settled(async () => {
      const chart = page.getByRole('figure', { name: /Size over time, 200 members/ });
      const plot = await plotOf(chart);
      assertStepsAre(await curveOf(chart), { plot, hours, end });
      // each mark stands on the step that its run made
      const marks = await marksIn(page);
      for (const [index, { x, y }] of marks.entries()) {
        const { hoursAgo: ago, size } = RUNS[index] ?? assert.fail();
        near(x, xAt(end - ago * HOUR_MS, { plot, hours }), `mark ${index} of ${span}`);
        near(y, plot.y + plot.height * (1 - size / 300), `height of mark ${index} of ${span}`);
      }
      assert.equal(marks.length, RUNS.length);
      assertBarsAre(await barsOf(page), hours);
    });
    if (hours === 48) await picture('dark');
  }

  const label = `Revert of #${replacement.id} #${revert.id}: 280 entered, 0 left, 300 members afterwards`;
  await page.getByRole('link', { name: label }).waitFor();
  const marks = page.getByRole('link', { name: /members afterwards/ });
  assert.match(
    (await marks.nth(2).getAttribute('aria-label')) ?? '',
    /^document.ndjson #3: 0 entered, 280 left, 20 members afterwards$/,
  );
  await page.getByText('48 hours', { exact: true }).click();
  await page
    .getByRole('figure', { name: /200 members/ })
    .getByText(/, \d\d:00$/)
    .first()
    .waitFor();
  await marks.nth(2).click();
  await page.getByRole('heading', { name: 'document.ndjson' }).waitFor();
});

type Plot = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
type Point = { readonly x: number; readonly y: number };

/** The part of a chart between its axes, in its own coordinates; its grid says where that is. */
async function plotOf(chart: Locator): Promise<Plot> {
  const grid = chart.locator('.recharts-cartesian-grid-horizontal line');
  await grid.first().waitFor({ state: 'attached' });
  const ends = await grid.evaluateAll((all) =>
    all.map((line) => ['x1', 'x2', 'y1'].map((name) => Number(line.getAttribute(name)))),
  );
  const [x1 = 0, x2 = 0] = ends[0] ?? assert.fail('there is no grid');
  const ys = ends.map(([, , y = 0]) => y);
  return { x: x1, y: Math.min(...ys), width: x2 - x1, height: Math.max(...ys) - Math.min(...ys) };
}

/** Where the runs are marked. */
function marksIn(page: Page): Promise<readonly Point[]> {
  return page
    .locator('figure a circle')
    .evaluateAll((all) =>
      all.map((circle) => ({ x: Number(circle.getAttribute('cx')), y: Number(circle.getAttribute('cy')) })),
    );
}

/** The corners of the line of sizes. */
async function curveOf(chart: Locator): Promise<readonly Point[]> {
  const d = (await chart.locator('path.recharts-area-curve').first().getAttribute('d')) ?? '';
  return [...d.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
}

function xAt(instant: number, { plot, hours }: { readonly plot: Plot; readonly hours: number }): number {
  const to = Date.now();
  return plot.x + (plot.width * (instant - (to - hours * HOUR_MS))) / (hours * HOUR_MS);
}

/** It is level or upright everywhere, and upright where runs were and nowhere else. */
function assertStepsAre(
  curve: readonly Point[],
  { plot, hours, end }: { readonly plot: Plot; readonly hours: number; readonly end: number },
): void {
  const jumps: { x: number; size: number }[] = [];
  for (const [index, { x, y }] of curve.entries()) {
    const before = curve[index - 1];
    if (before === undefined || (before.x === x && before.y === y)) continue;
    assert.ok(before.x === x || before.y === y, `slants from ${JSON.stringify(before)} to ${x}, ${y}`);
    if (before.x === x) jumps.push({ x, size: Math.round((300 * (plot.y + plot.height - y)) / plot.height) });
  }
  assert.deepEqual(
    jumps.map(({ size }) => size),
    RUNS.map(({ size }) => size),
  );
  for (const [index, { hoursAgo }] of RUNS.entries())
    near(jumps[index]?.x ?? 0, xAt(end - hoursAgo * HOUR_MS, { plot, hours }), `step ${index} of ${hours} h`);
  near(curve[0]?.x ?? 0, xAt(end - 41 * HOUR_MS, { plot, hours }), 'what is known begins');
  near(curve.at(-1)?.x ?? 0, plot.x + plot.width, 'now');
}

type Bar = { readonly top: number; readonly bottom: number; readonly value: number };

/** The bars, and the line of zero that they stand on or hang from. */
async function barsOf(page: Page): Promise<{ bars: readonly Bar[]; zero: number }> {
  const chart = page.getByRole('figure', { name: /entered and .* left in this period/ });
  const zero = Number(await chart.locator('.recharts-reference-line-line').getAttribute('y1'));
  const bars = await chart.locator('.recharts-bar-rectangle rect').evaluateAll((all) =>
    all.map((rect) => {
      const [y = 0, height = 0] = ['y', 'height'].map((name) => Number(rect.getAttribute(name)));
      return { top: y, bottom: y + height, value: Number(rect.getAttribute('data-value')) };
    }),
  );
  return { bars, zero };
}

function assertBarsAre({ bars, zero }: { bars: readonly Bar[]; zero: number }, hours: number): void {
  const above = bars.filter(({ bottom }) => Math.abs(bottom - zero) < NEAR_PX);
  const below = bars.filter(({ top }) => Math.abs(top - zero) < NEAR_PX);
  assert.equal(above.length + below.length, bars.length, 'a bar neither stands on zero nor hangs from it');
  const total = (of: readonly Bar[]) => of.reduce((sum, { value }) => sum + value, 0);
  assert.deepEqual([total(above), total(below)], [580, -380], `what is shown in ${hours} hours`);
  // an equal measure for both: what came in is not drawn half as large
  const perUser = above.map(({ top, value }) => (zero - top) / value);
  for (const { bottom, value } of below) near((bottom - zero) / -value, perUser[0] ?? 0, 'scale below', 0.01);
  for (const scale of perUser) near(scale, perUser[0] ?? 0, 'scale above', 0.01);
  // the hour of the revert has both
  if (hours === 48) assert.deepEqual(below.map(({ value }) => value).sort(), [-100, -280]);
}

/** What is asserted holds once the charts of the chosen time are drawn. */
async function settled(check: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

function near(value: number, expected: number, what: string, most = NEAR_PX): void {
  assert.ok(Math.abs(value - expected) <= most, `${what}: expected ${expected}, got ${value}`);
}
