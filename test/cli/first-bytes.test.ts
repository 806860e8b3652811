import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createImport, createSegment, dataOf } from '../client.ts';
import { rawZstd } from '../zstd-samples.ts';
import { startMuster } from './run.ts';

const CSV = 'operation,user_account_id,segment_technical_name,expiration_duration\nUPDATE,u1,vip,0\n';
const NDJSON =
  '{"operation":"UPDATE","user_account_id":"u1","segment_technical_name":"vip","expiration_duration":0}\n';

test('the CLI looks at what a file is before it sends it', async (t) => {
  const { service, folder, run } = await startMuster(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const [ndjson, csv] = [
    await createImport(service, { format: 'NDJSON' }),
    await createImport(service, { format: 'CSV' }),
  ];
  const write = (name: string, content: string | Uint8Array) => writeFile(path.join(folder, name), content);
  const sent = async () => {
    const executions = await dataOf<{ id: string }[]>(service.call('GET', '/v1/datamarts/1/executions'));
    return executions.length;
  };
  const refuses = async (says: RegExp, ...args: string[]) => {
    const before = await sent();
    const { code, stderr } = await run('import', ...args);
    assert.equal(code, 1, stderr);
    assert.match(stderr, says);
    assert.equal(await sent(), before, 'nothing was sent');
  };
  const takes = async (...args: string[]) => {
    const { code, stdout, stderr } = await run('import', ...args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /applied +1\n/);
    return stdout;
  };

  await t.test('a file of the other format than its import is refused, naming both', async () => {
    for (const [name, content, to] of [
      ['day.csv', CSV, ndjson],
      ['day.ndjson', CSV, ndjson],
      ['day.csv.gz', gzipSync(CSV), ndjson],
      ['day.zst', rawZstd(Buffer.from(CSV)), ndjson],
      ['lines.ndjson', NDJSON, csv],
      ['lines.csv', NDJSON, csv],
      ['lines.gz', gzipSync(gzipSync(NDJSON)), csv],
    ] as const) {
      await write(name, content);
      await refuses(
        /NDJSON.*CSV.*CONTENT_TYPE_MISMATCH|CSV.*NDJSON.*CONTENT_TYPE_MISMATCH/,
        '--import',
        to,
        name,
      );
    }
    await refuses(
      /--format csv: document import \d+ .* takes ndjson/,
      '--import',
      ndjson,
      '--format',
      'csv',
      'day.csv',
    );
    await refuses(/CSV or TSV, got NDJSON/, '--segment', 'vip', 'lines.csv');
    await refuses(/CONTENT_TYPE_MISMATCH/, '--format', 'ndjson', 'day.csv');
  });

  await t.test('without an import, what a file holds chooses it and not its name', async () => {
    await write('misnamed.ndjson', CSV);
    await write('misnamed.csv', NDJSON);
    await write('noname', gzipSync(CSV));
    await write('packed.zst', rawZstd(Buffer.from(NDJSON)));
    assert.match(await takes('misnamed.ndjson'), /muster-cli csv/);
    assert.match(await takes('misnamed.csv'), /muster-cli ndjson/);
    assert.match(await takes('noname'), /muster-cli csv/);
    assert.match(await takes('packed.zst'), /muster-cli ndjson/);
    await write('users.json', 'user_account_id\nu1\n');
    await takes('--segment', 'vip', 'users.json');
    // "Unicode Text" of Excel
    await write('unicode.txt', Buffer.from(`\ufeff${CSV.replaceAll(',', '\t')}`, 'utf16le'));
    assert.match(await takes('unicode.txt'), /muster-cli csv/);
  });

  await t.test('kinds that are never taken, and files without a record, are refused', async () => {
    await write('book.csv', 'PK\x03\x04\x14\0xl/workbook.xml');
    await write('wide.csv', Buffer.from(CSV, 'utf16le'));
    await write('glued.csv', CSV.replaceAll('\n', ''));
    await write('blank.ndjson', gzipSync('\ufeff\n\n'));
    await write('wide.ndjson', Buffer.from(`\ufeff${NDJSON}`, 'utf16le'));
    await refuses(/UTF-16.*UNSUPPORTED_FILE/, 'wide.ndjson');
    for (const to of [[], ['--import', csv]]) {
      await refuses(/an Excel workbook.*UNSUPPORTED_FILE/, ...to, 'book.csv');
      await refuses(/UTF-16.*UNSUPPORTED_FILE/, ...to, 'wide.csv');
      await refuses(/--data-binary.*EMPTY_FILE/, ...to, 'glued.csv');
    }
    await refuses(/EMPTY_FILE/, 'blank.ndjson');
  });

  await t.test('a damaged file is left to the service to refuse', async () => {
    await write('cut.csv.gz', gzipSync(CSV.repeat(50)).subarray(0, -12));
    await refuses(/INVALID_COMPRESSION/, 'cut.csv.gz');
  });

  await t.test('muster watch does the same, and puts the reason beside the file', async () => {
    const drop = path.join(folder, 'drop');
    await mkdir(drop);
    await write('drop/day.csv', CSV);
    await write('drop/good.gz', gzipSync(NDJSON));
    await write('drop/page.ndjson', '<!doctype html><html></html>');
    const { code } = await run('watch', drop, '--import', ndjson, '--settle', '1', '--once');
    assert.equal(code, 2);
    const codeOf = async (name: string) =>
      JSON.parse(await readFile(path.join(drop, 'failed', `${name}.report.json`), 'utf8')).error.code;
    assert.equal(await codeOf('day.csv'), 'CONTENT_TYPE_MISMATCH');
    assert.equal(await codeOf('page.ndjson'), 'UNSUPPORTED_FILE');
    assert.ok((await readdir(path.join(drop, 'done'))).includes('good.gz'));
  });
});
