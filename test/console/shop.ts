import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { aprilCommands } from '../../src/cli/demo/commands.ts';
import { BAD_NDJSON, writeNdjson } from '../../src/cli/demo/files.ts';
import { readPurchases } from '../../src/cli/demo/purchases.ts';
import { SEGMENTS } from '../../src/cli/demo/shop.ts';
import { type Client, createSegment } from '../client.ts';

/**
 * The CDNOW sample as the demonstration sends it: real purchases, with a few lines that are broken
 * on purpose.
 */
export async function readShopFile(): Promise<{ text: string; lines: number; badLines: number }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'muster-shop-'));
  const file = path.join(folder, 'cdnow.ndjson');
  await writeNdjson(file, aprilCommands(await readPurchases()));
  const text = await readFile(file, 'utf8');
  await rm(folder, { recursive: true });
  return { text, lines: text.trimEnd().split('\n').length, badLines: BAD_NDJSON.length };
}

/** The segments of the shop. */
export async function makeShopSegments(service: Client): Promise<void> {
  for (const { technicalName, name, ttlMs } of SEGMENTS)
    await createSegment(service, { name, technical_name: technicalName, default_ttl: ttlMs });
}
