import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Client,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  errorFile,
  type Format,
  membershipsOf,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';

const FILES = 40;
const USERS = 40;
const SEGMENTS = ['alpha', 'beta'];

test('small files that are sent at once do what they do one after the other', async (t) => {
  // the longest files are more than one chunk, and the shorter ones a group only together with few
  // others
  const service = await startService(t, { chunkRows: 40 });
  const together = await createWorld(service, 'together');
  const apart = await createWorld(service, 'apart');
  const files = Array.from({ length: FILES }, (_, number) => makeFile(number));

  const uploaded = await Promise.all(
    files.map(async (file) => ({ file, execution: await together.upload(file) })),
  );
  uploaded.sort((a, b) => Number(a.execution.id) - Number(b.execution.id));
  for (const { file, execution } of uploaded) {
    const one = await waitForEnd(service, execution);
    const other = await waitForEnd(service, await apart.upload(file));
    assert.equal(one.status, 'SUCCEEDED');
    assert.equal(other.status, 'SUCCEEDED');
    assert.deepEqual(countsOf(one), countsOf(other), `file ${file.number}`);
    assert.equal(await errorFile(service, one), await errorFile(service, other), `file ${file.number}`);
  }
  for (let user = 0; user < USERS; user++) {
    assert.deepEqual(await together.membershipsOf(user), await apart.membershipsOf(user), `user ${user}`);
  }
});

type File = { readonly number: number; readonly format: Format; readonly body: string };

async function createWorld(service: Client, name: string) {
  const { id: datamartId } = await dataOf<{ id: string }>(service.call('POST', '/v1/datamarts', { name }));
  const nameById = new Map<string, string>();
  for (const segment of SEGMENTS) {
    const fields = { name: segment, technical_name: segment, datamart_id: datamartId };
    nameById.set(await createSegment(service, fields), segment);
  }
  const imports = {
    NDJSON: await createImport(service, { format: 'NDJSON', datamartId }),
    CSV: await createImport(service, { format: 'CSV', datamartId }),
  };
  return {
    upload: ({ format, body }: File) =>
      upload(service, { datamartId, documentImportId: imports[format], format, body }),
    membershipsOf: async (user: number) =>
      (await membershipsOf(service, `user_account_id=user-${user}`, datamartId))?.map(
        ({ segment_id, expiration_ts, data_bag }) => [nameById.get(segment_id), expiration_ts, data_bag],
      ) ?? null,
  };
}

/**
 * 1 to 60 lines: every third takes a user out, every seventh is wrong; every ninth file holds
 * nothing but wrong lines.
 */
function makeFile(number: number): File {
  const format: Format = number % 4 === 3 ? 'CSV' : 'NDJSON';
  const lines = Array.from({ length: 1 + ((number * 7) % 60) }, (_, line) => {
    const seed = number * 31 + line * 17;
    const isWrong = number % 9 === 8 || seed % 7 === 0;
    return {
      operation: seed % 3 === 0 ? 'DELETE' : 'UPDATE',
      user_account_id: `user-${seed % USERS}`,
      segment_technical_name: isWrong ? 'nowhere' : SEGMENTS[seed % 2],
      expiration_ts: 4_000_000_000_000 + number,
    };
  });
  const body =
    format === 'NDJSON'
      ? lines.map((line) => `${JSON.stringify(line)}\n`)
      : [Object.keys(lines[0] ?? {}), ...lines.map((line) => Object.values(line))].map(
          (row) => `${row.join(',')}\n`,
        );
  return { number, format, body: body.join('') };
}

function countsOf({ result }: ExecutionAnswer): Record<string, unknown> {
  const { input_file_uri, error_file_uri, ...counts } = result;
  assert.ok(input_file_uri);
  return { ...counts, hasErrorFile: error_file_uri !== undefined };
}
