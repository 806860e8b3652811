import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageAmong } from '../../console/src/language/among.ts';
import {
  decimalSign,
  formatBytes,
  formatInstant,
  formatInstantInZone,
  formatMs,
  formatNumber,
  formatShare,
  formatShort,
  formatSpan,
} from '../../console/src/parts/formats.ts';
import { counted } from '../../console/src/texts/fr/counted.ts';
import { fr as french } from '../../console/src/texts/fr.ts';
import { shownLanguage, showTexts, t as texts } from '../../console/src/texts/texts.ts';
import { samplesOf } from './samples-of.ts';

const DAY_MS = 86_400_000;

await showTexts('en');

test('French has its spaces and apostrophes, and no sign is alone at the start of a line', () => {
  const samples = samplesOf(french);
  assert.ok(samples.length > 400, `${samples.length} texts`);
  for (const { at, text } of samples) {
    // lines for a terminal are as a shell reads them
    if (/(curlLine|cliLine|signIn\.make)/.test(at)) continue;
    assert.doesNotMatch(text, / [:;!?»%]|« |[a-zà-ÿ]'[a-zà-ÿ]|"/i, `${at}: ${text}`);
    assert.doesNotMatch(text, /[a-zà-ÿ»][:;!?](\s|$)/i, `${at} lacks a space: ${text}`);
  }
});

test('French counts as French does: nought and one are one, and a whole million is of something', () => {
  assert.equal(counted('0', 'ligne'), '0\u00a0ligne');
  assert.equal(counted('1', 'ligne'), '1\u00a0ligne');
  assert.equal(counted('2', 'ligne'), '2\u00a0lignes');
  assert.equal(counted('1\u202f000\u202f000', 'ligne'), '1\u202f000\u202f000\u00a0de lignes');
  assert.equal(counted('2\u202f000\u202f000', 'exécution'), '2\u202f000\u202f000\u00a0d’exécutions');
  assert.equal(counted('1\u202f000\u202f001', 'ligne'), '1\u202f000\u202f001\u00a0lignes');
});

test('numbers, sizes and times are written as the language does, times by 24 hours in each', async (t) => {
  t.after(() => showTexts('en'));
  const evening = new Date(2026, 10, 29, 20, 5, 9).getTime();
  const written = () => ({
    number: formatNumber(1_234_567.5),
    short: formatShort(1_234_567).toUpperCase(),
    share: formatShare(1, 8),
    least: formatShare(1, 1e6),
    most: formatShare(999_999, 1e6),
    bytes: [formatBytes(1_023), formatBytes(1_536), formatBytes(5 * 1024 ** 3)],
    spans: [950, 1_500, 3 * DAY_MS, 3 * 365.25 * DAY_MS].map((ms) => formatSpan(ms).replace(/\s/, ' ')),
    ms: formatMs(1.2345),
    sign: decimalSign(),
    instant: formatInstant(evening),
    noDate: formatInstant(-8.64e15),
  });
  assert.deepEqual(written(), {
    number: '1,234,567.5',
    short: '1.2M',
    share: '12.5%',
    least: '<0.1%',
    most: '>99.9%',
    bytes: ['1023 B', '1.5 KiB', '5.0 GiB'],
    spans: ['950 ms', '1.5 seconds', '3 days', '3 years'],
    ms: '1.23 ms',
    sign: '.',
    instant: '29 Nov 2026, 20:05:09',
    noDate: 'no date (-8,640,000,000,000,000 ms since 1970)',
  });
  await showTexts('fr');
  assert.deepEqual(JSON.parse(unbroken(JSON.stringify(written()))), {
    number: '1~234~567,5',
    short: '1,2~M',
    share: '12,5~%',
    least: '<~0,1~%',
    most: '>~99,9~%',
    bytes: ['1023~o', '1,5~Kio', '5,0~Gio'],
    spans: ['950 ms', '1,5 seconde', '3 jours', '3 ans'],
    ms: '1,23~ms',
    sign: ',',
    instant: '29 nov. 2026, 20:05:09',
    noDate: 'aucune date (-8~640~000~000~000~000~ms depuis 1970)',
  });
  assert.match(formatInstantInZone(evening), /^29 nov\. 2026.*20:05:09/);
});

/**
 * With the spaces that no line ends at as `~`: which of them stands where is the browser's to say.
 */
function unbroken(text: string): string {
  return text.replaceAll(/[\u00a0\u202f]/g, '~');
}

test('the first language of the browser that there is, English where there is none of them', () => {
  assert.equal(languageAmong(['fr-CA', 'en-US']), 'fr');
  assert.equal(languageAmong(['de', 'FR', 'en']), 'fr');
  assert.equal(languageAmong(['en-GB', 'fr']), 'en');
  assert.equal(languageAmong(['frr', 'constructor', '']), 'en');
  assert.equal(languageAmong([]), 'en');
});

test('of two languages that are asked for, the later one is shown, whichever is loaded first', async (t) => {
  t.after(() => showTexts('en'));
  await Promise.all([showTexts('fr'), showTexts('en')]);
  assert.equal(shownLanguage(), 'en');
  assert.equal(texts.cancel, 'Cancel');
  await Promise.all([showTexts('en'), showTexts('fr')]);
  assert.equal(shownLanguage(), 'fr');
  assert.equal(texts.cancel, 'Annuler');
});
