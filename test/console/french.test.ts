import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { createImport, createSegment, dataOf, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { type Receiver, startReceiver } from '../receiver.ts';
import { assertAccessible } from './axe.ts';
import { drop, openConsole } from './browser.ts';
import { englishOn } from './english.ts';

const BUILT = path.resolve(import.meta.dirname, '../../dist/console');
const MAX_FIRST_BYTES = 300_000;
const BASE = '/datamarts/1';

test('the language is the browser’s at first, and then the one that is chosen, also after a reload', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'Fidèles', technical_name: 'vip' });
  const { page } = await openConsole(t, service, { locale: 'fr-CA', path: `${BASE}/segments` });
  const lang = () => page.locator('html').getAttribute('lang');
  await page.getByRole('heading', { name: 'Segments', level: 1 }).waitFor();
  await page.getByRole('button', { name: 'Nouveau segment' }).waitFor();
  assert.equal(await lang(), 'fr');
  await choose(page, 'Session', 'English');
  await page.getByRole('button', { name: 'New segment' }).waitFor();
  assert.equal(await lang(), 'en');
  await page.reload();
  await page.getByRole('button', { name: 'New segment' }).waitFor();
  assert.equal(await lang(), 'en');
  await choose(page, 'Session', 'Français');
  await page.getByRole('button', { name: 'Nouveau segment' }).waitFor();
  await page.getByRole('link', { name: 'Fidèles' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Nouveau segment' }).waitFor();
  assert.equal(await lang(), 'fr');
  await page.getByRole('button', { name: 'Session' }).click();
  const chosen = page.getByRole('menuitemradio', { checked: true });
  assert.equal((await chosen.textContent())?.trim(), 'Français');
});

test('a change of language keeps what is typed at the sign-in, who is signed in, and the files that are on their way', async (t) => {
  const service = await startService(t);
  const importId = await createImport(service, { format: 'NDJSON' });
  const { page } = await openConsole(t, service, { token: null, path: `${BASE}/imports/${importId}` });
  await page.getByLabel('API token').fill(service.token);
  // the token is in the memory of the page alone
  await page.getByLabel('Stay signed in until this tab is closed').uncheck();
  await page.getByRole('button', { name: 'Français' }).click();
  assert.equal(await page.getByLabel('Jeton d’API').inputValue(), service.token);
  assert.deepEqual(await englishOn(page), []);
  await assertAccessible(page, 'the sign-in in French');
  await page.getByRole('button', { name: 'Se connecter' }).click();
  await page.getByRole('button', { name: 'Choisir des fichiers' }).waitFor();
  await drop(page, { name: 'demain.ndjson', text: '{}\n' });
  await page.getByText('1 commande en tout').waitFor();
  await choose(page, 'Session', 'English');
  await page.getByText('All 1 command').waitFor();
  await page.getByText('demain.ndjson').waitFor();
  await choose(page, 'Session', 'Français');
  await page.getByText('1 commande en tout').waitFor();
});

test('no empty page in French says anything in English, and axe finds nothing serious', async (t) => {
  const service = await startService(t, { webhookAllowPrivate: true });
  const { page } = await openConsole(t, service, { locale: 'fr-FR', path: `${BASE}/imports` });
  const empty: readonly { path: string; shows: string }[] = [
    { path: 'home', shows: 'Premiers pas' },
    { path: 'imports', shows: 'Aucun import' },
    { path: 'runs', shows: 'Aucune exécution' },
    { path: 'segments', shows: 'Aucun segment' },
    { path: 'overlaps', shows: 'Choisissez' },
    { path: 'users', shows: 'Rechercher un utilisateur' },
    { path: 'operations', shows: 'La file d’attente est vide' },
    { path: 'settings/webhooks', shows: 'Aucun webhook' },
    { path: 'settings/sources', shows: 'Aucun import' },
    { path: 'nowhere', shows: 'Page introuvable' },
  ];
  for (const { path, shows } of empty) {
    await page.goto(`${BASE}/${path}`);
    await page.getByText(shows).first().waitFor();
    await assertFrench(page, `${path}, empty`);
  }
});

test('no page in French says anything in English, and axe finds nothing serious', async (t) => {
  const service = await startService(t, { webhookAllowPrivate: true });
  const { page } = await openConsole(t, service, { locale: 'fr-FR', path: `${BASE}/imports` });
  const { importId, executionId, revertId } = await fill(service, await startReceiver(t));
  const full: readonly { path: string; shows: string }[] = [
    { path: 'home', shows: 'Dernières exécutions' },
    { path: 'runs', shows: '1–3 sur 3 exécutions' },
    { path: 'imports', shows: 'test NDJSON' },
    { path: `imports/${importId}`, shows: 'Déposez des fichiers' },
    { path: `imports/${importId}/executions/${executionId}`, shows: 'UNKNOWN_SEGMENT' },
    { path: `imports/${importId}/executions/${revertId}`, shows: 'Retour arrière sur' },
    { path: 'segments', shows: 'Fidèles' },
    { path: 'segments/1', shows: 'd’ici 90 jours' },
    { path: 'overlaps', shows: 'Dans les deux' },
    { path: 'users?user=user_account_id%3Du1', shows: 'Historique' },
    { path: 'users?user=user_account_id%3Dnobody', shows: 'Utilisateur introuvable' },
    { path: 'operations', shows: 'Libre sur le disque' },
    { path: 'settings/tokens', shows: 'le vôtre' },
    { path: 'settings/webhooks', shows: 'got 500' },
    { path: 'settings/audit', shows: 'exécution 1' },
  ];
  for (const { path, shows } of full) {
    await page.goto(`${BASE}/${path}`);
    if (path === 'settings/webhooks') await page.getByRole('button', { name: /Alertes/ }).click();
    await page.getByText(shows).first().waitFor();
    await assertFrench(page, path);
  }
  for (const tab of ['Exécutions', 'Membres', 'Chevauchements', 'Exports']) {
    await page.goto(`${BASE}/segments/1`);
    await page.getByRole('tab', { name: tab }).click();
    await assertFrench(page, `segments/1, ${tab}`);
  }
});

test('no dialog in French says anything in English, and axe finds nothing serious', async (t) => {
  const service = await startService(t, { webhookAllowPrivate: true });
  const { page } = await openConsole(t, service, { locale: 'fr-FR', path: `${BASE}/imports` });
  const { importId, executionId } = await fill(service, await startReceiver(t));
  for (const [path, button] of [
    ['imports', 'Nouvel import'],
    ['segments', 'Nouveau segment'],
    ['segments/1', 'Modifier'],
    ['segments/1', 'Mettre en pause'],
    ['segments/1', 'Envoyer des utilisateurs'],
    ['segments/1', 'Supprimer le segment'],
    ['settings/tokens', 'Nouveau jeton'],
    ['settings/webhooks', 'Nouveau webhook'],
    [`imports/${importId}`, 'Supprimer l’import'],
    [`imports/${importId}/executions/${executionId}`, 'Retour arrière'],
  ] as const) {
    await page.goto(`${BASE}/${path}`);
    await page.getByRole('button', { name: button, exact: true }).click();
    await page.getByRole('dialog').waitFor();
    await assertFrench(page, `${path}, ${button}`);
  }
  await page.goto(`${BASE}/home`);
  await page.getByRole('heading', { name: 'Accueil', level: 1 }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Aide et raccourcis' }).waitFor();
  await assertFrench(page, 'the help');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Une page, un import').fill('fid');
  await page.getByText('Rechercher le compte utilisateur fid').waitFor();
  await assertFrench(page, 'the search');
});

test('a file in French: preview, guards with a comma, the question before a replacement, what became of it', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'Fidèles', technical_name: 'vip' });
  const importId = await createImport(service, { format: 'NDJSON' });
  await runFile(service, 'NDJSON', command('u1') + command('u2'), { documentImportId: importId });
  const { page } = await openConsole(t, service, { locale: 'fr-FR', path: `${BASE}/imports/${importId}` });
  await page.getByRole('button', { name: 'Choisir des fichiers' }).waitFor();
  await drop(page, { name: 'suite.ndjson', text: `${command('u3')}${command(' u4')}{}\n` });
  await page.getByText('3 commandes en tout : 1 en échec.').waitFor();
  assert.deepEqual(await englishOn(page), []);
  await assertAccessible(page, 'a preview in French');
  await page.getByText('Remplacer des segments', { exact: true }).click();
  const failures = page.getByLabel('Arrêter si plus de lignes échouent que');
  await failures.fill('33,5');
  await page.getByRole('button', { name: 'Remplacer…' }).click();
  const name = page.getByLabel(/^La moitié ou plus sortirait/);
  await name.waitFor();
  assert.deepEqual(await englishOn(page), []);
  await name.fill('Fidèles');
  await page.getByRole('dialog').getByRole('button', { name: 'Remplacer', exact: true }).click();
  await page.getByText('2 lignes appliquées, 1 en échec').waitFor();
  assert.deepEqual(await englishOn(page), []);
  const [last] = await dataOf<{ parameters: { max_failure_ratio: number } }[]>(
    service.call('GET', `/v1/datamarts/1/document_imports/${importId}/executions`),
  );
  assert.equal(last?.parameters.max_failure_ratio, 0.335);
});

test('French is loaded by whoever reads it, and the first screen stays below 300 KB with it', async (t) => {
  const service = await startService(t);
  await runFile(service, 'NDJSON', '{}\n');
  const loaded = async (locale: string) => {
    const { page } = await openConsole(t, service, { locale });
    const files = new Set<string>();
    page.on('response', (response) => files.add(new URL(response.url()).pathname));
    await page.reload();
    await page.getByRole('figure', { name: locale === 'fr' ? /1 en échec/ : /1 failed/ }).waitFor();
    await page.waitForLoadState('networkidle');
    return [...files].filter((name) => name.startsWith('/assets/'));
  };
  const english = await loaded('en');
  const french = await loaded('fr');
  const own = french.filter((name) => !english.includes(name));
  assert.equal(own.length, 1, own.join(', '));
  assert.match(readFileSync(path.join(BUILT, own[0] ?? ''), 'utf8'), /Chevauchements/);
  for (const name of english)
    if (name.endsWith('.js'))
      assert.doesNotMatch(readFileSync(path.join(BUILT, name), 'utf8'), /Chevauchements/, name);
  const bytes = [...french, '/index.html']
    .map((name) => gzipSync(readFileSync(path.join(BUILT, name))).length)
    .reduce((sum, length) => sum + length, 0);
  t.diagnostic(`first screen in French: ${french.length} files, ${bytes} bytes compressed`);
  assert.ok(bytes < MAX_FIRST_BYTES, `${bytes} bytes`);
});

test('where the texts of a language cannot be loaded, the console is in English, and says so when it is chosen', async (t) => {
  const service = await startService(t);
  const { page, context } = await openConsole(t, service, { locale: 'en', path: `${BASE}/imports` });
  await context.route('**/assets/fr-*.js', (route) => route.abort());
  await page.getByRole('heading', { name: 'Imports', level: 1 }).waitFor();
  await choose(page, 'Session', 'Français');
  await page.getByText('Error in the console').or(page.getByText('Reload the page')).first().waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  await page.evaluate("localStorage.setItem('muster.language', 'fr')");
  await page.reload();
  await page.getByRole('heading', { name: 'Imports', level: 1 }).waitFor();
  await page.getByRole('button', { name: 'New import' }).first().waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
});

/** A moment later, when charts and small lines have come. */
async function assertFrench(page: Page, where: string): Promise<void> {
  await page.waitForTimeout(300);
  assert.deepEqual(await englishOn(page), [], `on ${where}`);
  await assertAccessible(page, where);
}

async function choose(page: Page, menu: string, language: string): Promise<void> {
  await page.getByRole('button', { name: menu }).click();
  await page.getByRole('menuitemradio', { name: language }).click();
}

function command(user: string): string {
  return `${JSON.stringify({ operation: 'UPDATE', user_account_id: user, segment_technical_name: 'vip', expiration_duration: 60 })}\n`;
}

/**
 * Something on every page: segments that overlap, failed lines, warnings, a revert, a webhook,
 * entries of the audit log.
 */
async function fill(
  service: TestService,
  receiver: Receiver,
): Promise<{ importId: string; executionId: string; revertId: string }> {
  await createSegment(service, { name: 'Fidèles', technical_name: 'vip', default_ttl: 86_400_000 });
  await createSegment(service, { name: 'Nouveautés', technical_name: 'fresh' });
  const importId = await createImport(service, { format: 'NDJSON' });
  const both = command('u1') + command(' u2') + command('u1').replace('vip', 'fresh');
  await runFile(service, 'NDJSON', both, { documentImportId: importId });
  const bad = `${command('u3')}${command('u3').replace('vip', 'nowhere')}{"oops":1}\nnot json\n`;
  const { id: executionId } = await runFile(service, 'NDJSON', bad, { documentImportId: importId });
  const executions = `/v1/datamarts/1/document_imports/${importId}/executions`;
  const revert = service.call('POST', `${executions}/${executionId}/action`, { action: 'REVERT' });
  const { id: revertId } = await dataOf<{ id: string }>(revert);
  receiver.answer((response) => response.writeHead(500).end());
  const webhooks = '/v1/datamarts/1/webhooks';
  const { id: webhookId } = await dataOf<{ id: string }>(
    service.call('POST', webhooks, { url: receiver.url, name: 'Alertes' }),
  );
  await dataOf(service.call('POST', `${webhooks}/${webhookId}/ping`));
  return { importId, executionId, revertId };
}
