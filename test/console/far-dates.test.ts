import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSegment, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { openConsole } from './browser.ts';

/** Around the ends of years of four digits, of the calendar, and of whole numbers. */
const EXPIRIES = [
  253_402_300_799_999,
  253_402_300_800_000,
  8_640_000_000_000_000,
  8_640_000_000_000_001,
  Number.MAX_SAFE_INTEGER,
];

test('a user and the members of a segment are shown, whatever the store has for dates', async (t) => {
  const before = await startService(t);
  const segments = await Promise.all(
    EXPIRIES.map((_, at) => createSegment(before, { name: `Segment ${at}`, technical_name: `s${at}` })),
  );
  const lines = segments.map(
    (id) => `{"operation":"UPDATE","user_account_id":"far","segment_id":"${id}","expiration_duration":60}\n`,
  );
  const { result } = await runFile(before, 'NDJSON', lines.join(''));
  assert.equal(result.total_success, EXPIRIES.length);
  // as an older version took them: rows that are there already have to be shown
  await setInstants(before, segments);
  await before.stop();
  const service = await startService(t, { data: before.config.data });

  const { page } = await openConsole(t, service, { path: '/datamarts/1/users?user=user_account_id%3Dfar' });
  const memberships = page.getByRole('table', { name: 'Memberships' });
  for (const at of EXPIRIES.keys()) await memberships.getByRole('link', { name: `Segment ${at}` }).waitFor();
  const titles = await memberships.locator('time').evaluateAll((all) => all.map(({ title }) => title));
  const written = titles.join('\n');
  for (const year of [/ 9999,| 10000,/, / 275760,/, /no date \(8,640,000,000,000,001 ms/])
    assert.match(written, year);
  assert.equal(await memberships.getByText(/no date \(-8,640,000,000,000,001 ms/).count(), EXPIRIES.length);
  await page.getByRole('table', { name: 'History' }).waitFor();

  for (const id of segments) {
    await page.goto(`/datamarts/1/segments/${id}`);
    await page.getByRole('tab', { name: 'Members' }).click();
    await page.getByRole('table', { name: 'Members' }).getByText('far', { exact: true }).waitFor();
  }
});

/** Straight into the store: no file can bring a time before the calendar. */
async function setInstants({ store }: TestService, segments: readonly string[]): Promise<void> {
  const connection = await store.staging.connect();
  for (const [at, id] of segments.entries())
    for (const table of ['membership_ordered', 'membership_recent'])
      await connection.run(
        `update muster.${table} set expiration_ts = ${EXPIRIES[at]}, creation_ts = -8640000000000001 where segment_id = ${id}`,
      );
  // look-ups are answered by what is made of the tables at the next start
  await connection.run('delete from muster.serving_run');
  connection.closeSync();
}
