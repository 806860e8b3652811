import { createReadStream } from 'node:fs';
import path from 'node:path';
import type { ApiSegment } from '../api.ts';
import type { Client } from '../client.ts';
import { describeUser, findUser } from '../commands/lookup.ts';
import { segmentTable } from '../commands/segments.ts';
import { keepFiles, saveErrorFile } from '../import/error-file.ts';
import { type FailedLine, readFailedLines } from '../import/failed-lines.ts';
import { importFile, type Outcome } from '../import/import-file.ts';
import { summarize } from '../import/summary.ts';
import { formatCount, print, table } from '../output.ts';
import { checkImport, checkMember, checkSizes } from './checks.ts';
import { aprilCommands, mayCommands } from './commands.ts';
import { BAD_CSV, BAD_NDJSON, writeCsv, writeNdjson } from './files.ts';
import { type Purchase, readPurchases } from './purchases.ts';
import {
  APRIL_CLOSED_AT,
  type Customer,
  customersAt,
  expectedSizes,
  isMember,
  SEGMENTS,
  TODAY_AT,
} from './shop.ts';

/**
 * Plays the demo against a service that is new, telling it as it goes. Resolves to what did not
 * come out as the purchases say: nothing, when all is well.
 */
export async function runDemo(client: Client, folder: string): Promise<readonly string[]> {
  const purchases = await readPurchases();
  const customers = customersAt(purchases, TODAY_AT);
  print(
    '\nThe real customers of an online music shop, with their purchases from January to May (CDNOW, examples/cdnow).',
  );
  await createSegments(client);

  const april = aprilCommands(purchases);
  const may = mayCommands(purchases);
  const aprilFile = path.join(folder, 'april.ndjson');
  const mayFile = path.join(folder, 'may.csv');
  await writeNdjson(aprilFile, april);
  await writeCsv(mayFile, may);

  print('\nFirst import: the members of each segment at the end of April\n');
  const first = await importAndTell(client, aprilFile);
  print(
    '\nSecond import: the changes of May, such as first-time buyers who bought again and customers who lapsed\n',
  );
  const second = await importAndTell(client, mayFile);

  const problems = [
    ...checkImport(first, { applied: april.length, bad: BAD_NDJSON }),
    ...checkImport(second, { applied: may.length, bad: BAD_CSV }),
  ];
  problems.push(...(await tellSizes(client, purchases)));
  problems.push(...(await tellCustomers(client, [...customers.values()])));
  return problems;
}

async function createSegments(client: Client): Promise<void> {
  for (const { name, technicalName, ttlMs } of SEGMENTS) {
    await client.post<ApiSegment>('/audience_segments', {
      datamart_id: '1',
      type: 'USER_LIST',
      feed_type: 'FILE_IMPORT',
      name,
      technical_name: technicalName,
      default_ttl: ttlMs,
    });
  }
  const rows = table(SEGMENTS, [
    { title: 'SEGMENT', value: (segment) => segment.technicalName },
    { title: 'MEMBERS', value: (segment) => segment.rule },
  ]);
  print(`\n${rows}`);
}

async function importAndTell(client: Client, file: string): Promise<Outcome> {
  const outcome = await importFile(client, file, {
    destination: {
      datamart: '/datamarts/1',
      documentImport: undefined,
      segment: undefined,
      format: undefined,
    },
    until: 'ended',
    saveErrors: async (failed) =>
      saveErrorFile({ ...failed, place: { kind: 'BESIDE' }, kept: await keepFiles([file]) }),
    signal: new AbortController().signal,
  });
  // the lines that failed come in a table of their own
  print(summarize({ ...outcome, firstFailures: [] }));
  if (outcome.error !== null) print(`  error: ${outcome.error.text}`);
  if (outcome.errorFile === null) return outcome;
  const failed: FailedLine[] = [];
  for await (const line of readFailedLines(createReadStream(outcome.errorFile))) failed.push(line);
  const rows = table(failed, [
    { title: 'LINE', align: 'right', value: ({ line }) => (line === null ? '-' : formatCount(line)) },
    { title: 'CODE', value: (line) => line.code },
    { title: 'MESSAGE', value: (line) => line.message },
  ]);
  print(`\n${rows}`);
  return outcome;
}

async function tellSizes(client: Client, purchases: readonly Purchase[]): Promise<string[]> {
  const segments = await client.listAll<ApiSegment>('/audience_segments', {
    datamart_id: '1',
    order_by: 'creation_ts',
  });
  print(`\nThe segments now\n\n${segmentTable(segments)}`);
  const problems = checkSizes(segments, expectedSizes(purchases, TODAY_AT));
  if (problems.length === 0) print('\nThese sizes match those computed from the purchases.');
  return problems;
}

/**
 * Who ordered in May and has spent the most, and whose 90 days as a first-time buyer are over the
 * soonest.
 */
async function tellCustomers(client: Client, customers: readonly Customer[]): Promise<string[]> {
  const ofMay = customers.filter((customer) => customer.lastAt >= APRIL_CLOSED_AT);
  const best = ofMay.reduce((a, b) => (b.cents > a.cents ? b : a));
  const firstTime = customers.filter((customer) => isMember('first-time-buyers', customer, TODAY_AT));
  const leaving = firstTime.reduce((a, b) => (b.lastAt < a.lastAt ? b : a));
  print(`\nThe best customer of May, account ${best.id}\n`);
  const user = await findUser(client, `/datamarts/1/user_points/user_account_id=${best.id}`);
  print(describeUser(user, Date.now()));
  print(`\nA first-time buyer whose membership expires soon, account ${leaving.id}\n`);
  const other = await findUser(client, `/datamarts/1/user_points/user_account_id=${leaving.id}`);
  print(describeUser(other, Date.now()));
  return checkMember(user, best);
}
