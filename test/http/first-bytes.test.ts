import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  type Answer,
  CONTENT_TYPE,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  type Format,
  waitForEnd,
} from '../client.ts';
import { CSV, FOREIGN_FILES, wide } from '../foreign-files.ts';
import { startService } from '../helper.ts';
import { rawZstd } from '../zstd-samples.ts';
import { refused } from './refusals.ts';

type Named = ExecutionAnswer & { readonly result: { readonly input_file_name: string } };

/** A part of a form with headers of its own, which `FormData` cannot give it. */
function formOf(content: Uint8Array, headers: readonly string[] = [], name = 'day.ndjson'): Buffer {
  const head = [`Content-Disposition: form-data; name="file"; filename="${name}"`, ...headers].join('\r\n');
  return Buffer.concat([Buffer.from(`--b\r\n${head}\r\n\r\n`), content, Buffer.from('\r\n--b--\r\n')]);
}

test('the first bytes of an upload tell what it is', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 's' });
  const imports = {
    NDJSON: await createImport(service, { format: 'NDJSON' }),
    CSV: await createImport(service, { format: 'CSV' }),
  };
  const url = (format: Format) => executionsPath({ datamartId: '1', documentImportId: imports[format] });
  const list = `/v1/datamarts/1/audience_segments/${segmentId}/user_list_imports`;
  const raw = (format: Format, body: string | Uint8Array, headers: Record<string, string> = {}) =>
    service.call('POST', url(format), body, { 'content-type': CONTENT_TYPE[format], ...headers });
  const form = (format: Format, body: Buffer): Promise<Answer> =>
    service.call('POST', url(format), body, { 'content-type': 'multipart/form-data; boundary=b' });
  const line = `${JSON.stringify({ operation: 'UPDATE', user_account_id: 'a', segment_id: segmentId, expiration_duration: 0 })}\n`;

  for (const [name, content, says] of FOREIGN_FILES) {
    await t.test(`${name} is refused`, async () => {
      for (const answer of [
        raw('NDJSON', content),
        raw('CSV', content),
        raw('NDJSON', gzipSync(content)),
        form('NDJSON', formOf(content)),
        form('CSV', formOf(gzipSync(content))),
      ])
        assert.match(await refused(answer, 400, 'UNSUPPORTED_FILE'), says);
    });
  }
  assert.deepEqual(await readdir(path.join(service.config.data, 'documents', 'kept')), []);

  await t.test('the other format is refused, naming both', async () => {
    const both = /NDJSON \(application\/x-ndjson\).*CSV \(text\/csv\)/;
    for (const csv of [
      CSV,
      `\ufeff\n${CSV.replaceAll(',', ';')}`,
      CSV.replaceAll(',', '\t'),
      'sep=;\noperation;user_account_id\nUPDATE;a\n',
      `,,,\n"",""\n\n${CSV}`,
      ';;\nsep=;\noperation;user_account_id\nUPDATE;a\n',
      'Kunde;Segment;Kommentar\n1;vip;\n2;vip;neu\n',
      '"operation","user_account_id"\n"UPDATE","a"\n',
      'data_bag;operation;user_account_id\n{"a":1};UPDATE;a\n',
    ]) {
      assert.match(await refused(raw('NDJSON', csv), 400, 'CONTENT_TYPE_MISMATCH'), both);
      const packed = formOf(gzipSync(csv), [], 'day.csv.gz');
      assert.match(await refused(form('NDJSON', packed), 400, 'CONTENT_TYPE_MISMATCH'), both);
    }
    const other = /CSV \(text\/csv\).*NDJSON \(application\/x-ndjson\)/;
    for (const ndjson of [
      line,
      `\ufeff ${line}`,
      '{\n  "operation": "UPDATE"\n}\n',
      '{}\n{}\n',
      line.repeat(99),
    ]) {
      assert.match(await refused(raw('CSV', ndjson), 400, 'CONTENT_TYPE_MISMATCH'), other);
      const users = service.call('POST', list, formOf(Buffer.from(ndjson)), {
        'content-type': 'multipart/form-data; boundary=b',
      });
      assert.match(await refused(users, 400, 'CONTENT_TYPE_MISMATCH'), other);
    }
    assert.match(await refused(raw('CSV', `[${line}]`), 400, 'CONTENT_TYPE_MISMATCH'), /a JSON array/);
    await refused(raw('NDJSON', `[${line}]`), 400, 'NOT_NDJSON');
  });

  const [gz, zst] = [gzipSync(line), rawZstd(Buffer.from(line))];
  const sent: readonly (readonly [string, () => Promise<Answer>])[] = [
    ['gzip without Content-Encoding', () => raw('NDJSON', gz)],
    ['zstd without Content-Encoding', () => raw('NDJSON', zst)],
    ['gzip called zstd', () => raw('NDJSON', gz, { 'content-encoding': 'zstd' })],
    ['zstd called gzip', () => raw('NDJSON', zst, { 'content-encoding': 'gzip' })],
    ['gzip called identity', () => raw('NDJSON', gz, { 'content-encoding': 'identity' })],
    ['gzip called gzip twice', () => raw('NDJSON', gz, { 'content-encoding': 'gzip, gzip' })],
    ['gzip in gzip', () => raw('NDJSON', gzipSync(gz), { 'content-encoding': 'gzip' })],
    ['gzip in zstd in gzip', () => raw('NDJSON', gzipSync(rawZstd(gz)))],
    ['zstd in zstd', () => raw('NDJSON', rawZstd(zst))],
    ['gzip in a form', () => form('NDJSON', formOf(gz, [], 'day.ndjson.gz'))],
    ['gzip in a form that says so', () => form('NDJSON', formOf(gz, ['Content-Encoding: gzip']))],
    [
      'zstd in a form',
      () => form('NDJSON', formOf(zst, ['Content-Type: application/zstd'], 'day.ndjson.ZST')),
    ],
  ];
  for (const [name, send] of sent) {
    await t.test(`${name} is decompressed`, async () => {
      const execution = await waitForEnd(service, await dataOf<Named>(send()));
      assert.equal(execution.result.total_success, 1);
      assert.equal(execution.result.total_failure, 0);
    });
  }

  await t.test(
    'a CSV in UTF-16 with its mark is read, in either order, and kept in UTF-8; JSON is not',
    async () => {
      const rows = 'operation\tuser_account_id\tsegment_id\texpiration_duration\r\n';
      const csv = `${rows}UPDATE\tZoë 😀\t${segmentId}\t0\r\nUPDATE\tx\ud800\t${segmentId}\t0\r\n`;
      for (const order of ['LE', 'BE'] as const) {
        const packed = gzipSync(wide(line, 2, order, 'MARKED'));
        const refused = await raw('NDJSON', packed);
        assert.equal(refused.status, 400, refused.text);
        const named = await raw('NDJSON', line, { 'content-type': 'application/x-ndjson; charset=utf-16' });
        assert.match(named.text, /x-ndjson in UTF-8, as.*CONTENT_TYPE_MISMATCH/);
        assert.match(refused.text, /UTF-16: save it in UTF-8.*UNSUPPORTED_FILE/);
        const bytes = wide(csv, 2, order, 'MARKED');
        const headers = { 'content-type': `text/csv; charset=utf-16${order.toLowerCase()}` };
        const { result } = await waitForEnd(service, await dataOf<Named>(raw('CSV', bytes, headers)));
        assert.deepEqual([result.total_success, result.failures_by_code], [1, { INVALID_ENCODING: 1 }]);
        const kept = await service.call(
          'GET',
          `/v1/data_file/data?uri=${encodeURIComponent(result.input_file_uri)}`,
        );
        assert.ok(kept.text.startsWith(`${rows}UPDATE\tZoë 😀\t`));
      }
      const found = await service.call(
        'GET',
        `/v1/datamarts/1/user_segments/user_account_id=${encodeURIComponent('Zoë 😀')}`,
      );
      assert.equal(found.status, 200);
    },
  );

  await t.test('what was compressed is kept under the name of what it holds', async () => {
    for (const [name, kept] of [
      ['day.ndjson.gz', 'day.ndjson'],
      ['day.ndjson.zst.gz', 'day.ndjson'],
      ['.gz', 'document.ndjson'],
    ] as const) {
      const { result } = await dataOf<Named>(form('NDJSON', formOf(gz, [], name)));
      assert.equal(result.input_file_name, kept);
    }
  });

  await t.test('what is in zstd is told by what it holds', async () => {
    const [[, content, says] = assert.fail()] = FOREIGN_FILES;
    assert.match(await refused(raw('CSV', rawZstd(content)), 400, 'UNSUPPORTED_FILE'), says);
  });

  await t.test('compression is undone a few times over and no more', async () => {
    const deep = gzipSync(gzipSync(gzipSync(gz)));
    assert.match(await refused(raw('NDJSON', deep), 400, 'UNSUPPORTED_FILE'), /compressed more than 3 times/);
    const inner = gzipSync(Buffer.alloc(8 * 1024 * 1024, ' \n'));
    const bomb = gzipSync(Buffer.concat(Array.from({ length: 20 }, () => inner)));
    assert.ok(bomb.length < 100_000);
    await refused(raw('NDJSON', bomb), 413, 'FILE_TOO_LARGE');
  });

  await t.test('what is called compressed and is not is refused, saying so', async () => {
    for (const encoding of ['gzip', 'zstd', 'identity, gzip']) {
      const answer = raw('NDJSON', line, { 'content-encoding': encoding });
      assert.match(await refused(answer, 400, 'INVALID_COMPRESSION'), /is not compressed/);
    }
    await refused(raw('NDJSON', gz.subarray(0, -9)), 400, 'INVALID_COMPRESSION');
    await refused(raw('NDJSON', zst.subarray(0, -9)), 400, 'INVALID_COMPRESSION');
    await refused(raw('NDJSON', gz, { 'content-encoding': 'gzip, br' }), 400, 'UNSUPPORTED_CONTENT_ENCODING');
  });
});
