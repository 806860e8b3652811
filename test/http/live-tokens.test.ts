import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { createLiveTokens, type TokenEnd } from '../../src/http/live-tokens.ts';
import type { ApiToken } from '../../src/model/token.ts';
import { tokenRecords } from '../../src/store/records/tokens.ts';
import { openDatabase } from '../store/open-database.ts';

/** More than are read or kept at a time anywhere. */
const MANY = 1_100;

test('of many tokens with requests under way those alone end that another node has removed', async (t) => {
  const tokens = tokenRecords(await openDatabase(t));
  const create = (i: number) =>
    tokens.create({
      ...{ name: `token ${i}`, role: 'admin', datamartIds: null, valueHash: `hash ${i}` },
      ...{ creationDate: 0, expirationDate: null },
    });
  const all: ApiToken[] = [];
  for (let i = 0; i < MANY; i++) all.push(await create(i));
  const logger = pino({ level: 'silent' });
  const live = createLiveTokens({ store: { tokens }, clock: () => 0, logger, isShared: true });
  t.after(() => live.close());
  const ended: [string, TokenEnd][] = [];
  for (const token of all) live.watch(token, (reason) => ended.push([token.name, reason]));

  const removed = [all[1], all[500], all[MANY - 2]];
  for (const token of removed) await tokens.remove(token?.id ?? '', { now: 0 });
  while (ended.length === 0) await sleep(20);
  // they are looked at twice more
  await sleep(1_000);
  assert.deepEqual(
    ended,
    removed.map((token) => [token?.name, 'REMOVED']),
  );
});
