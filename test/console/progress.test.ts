import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createImport, createSegment } from '../client.ts';
import { startService } from '../helper.ts';
import { drop, openConsole } from './browser.ts';

const LINES = 100_000;

/** Keeps each text that the status of an execution, and each value that its bar had. */
const WATCH = `(() => {
  window.seen = [];
  window.values = [];
  const look = () => {
    for (const { textContent } of document.querySelectorAll('[role=status]'))
      if (window.seen.at(-1) !== textContent) window.seen.push(textContent);
    const bar = document.querySelector('[role=progressbar][aria-label="Progress of the execution"]');
    if (bar !== null) window.values.push(Number(bar.getAttribute('aria-valuenow')));
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
})()`;

test('a file of one chunk is seen while it is read and while it is merged, and nothing unknown is said to be 0', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const id = await createImport(service, { format: 'NDJSON' });
  const { page } = await openConsole(t, service, { path: `/datamarts/1/imports/${id}` });
  // an escape keeps a line from the quick reader: reading takes long enough to be seen
  const text = Array.from(
    { length: LINES },
    (_, at) =>
      `{"operation":"UPDATE","user_account_id":"\\u0075${at}","segment_technical_name":"vip","expiration_duration":0}\n`,
  ).join('');
  await drop(page, { name: 'one-chunk.ndjson', text });
  await page.getByText(/The first [\d,]+ commands/).waitFor();
  await page.evaluate(WATCH);
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByText('100,000 lines applied, 0 failed').waitFor();
  const seen = (await page.evaluate('window.seen')) as readonly string[];
  const values = (await page.evaluate('window.values')) as readonly number[];
  const told = seen.join('\n');
  assert.match(told, /^Reading · [\d.]+ [KM]iB of [\d.]+ MiB · [\d,]+ lines · [\d,]+ lines\/s$/m);
  assert.match(told, /^Merging · ([\d.]+ MiB) of \1 · 100,000 lines/m);
  assert.doesNotMatch(told, /(^|\D)0 lines\/s|(^|\D)0 B/);
  assert.ok(
    values.some((value) => value > 0 && value < 100),
    `the bar moves: ${values.join(', ')}`,
  );
});
