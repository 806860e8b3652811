import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createSegment } from '../client.ts';
import { startMuster } from './run.ts';

test('a file that is odd is told of after it was imported, by code and with an example of each', async (t) => {
  const { run, folder, service } = await startMuster(t);
  const segmentId = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const rows = [
    'operation,user_account_id,segment_technical_name,expiration_duration,Segement ID',
    `UPDATE,u1 ,vip,0,${segmentId}`,
    'UPDATE,u2 ,vip,0,',
    'UPDATE,ada@analytical.example,vip,0,',
  ];
  await writeFile(path.join(folder, 'odd.csv'), rows.join('\n'));

  const dry = await run('import', 'odd.csv', '--dry-run');
  assert.equal(dry.code, 0, dry.stderr);
  const told = [/warnings +4\n/, /UNKNOWN_FIELD +1\n/, /LOOKS_LIKE_EMAIL +1\n/, /SURROUNDING_BLANKS +2\n/];
  for (const text of told) assert.match(dry.stdout, text);
  assert.match(
    dry.stdout,
    / {2}warning in line 1: "Segement ID" is not a field .*did you mean segment_id\?\n/,
  );
  assert.match(dry.stdout, / {2}warning in line 2: user_account_id ends in a blank/);
  assert.match(dry.stdout, / {2}warning in line 4: user_account_id looks like an e-mail address/);
  assert.doesNotMatch(dry.stdout, /ada|warning in line 3/);

  const first = await run('import', 'odd.csv', '--json');
  const again = await run('import', 'odd.csv', '--json');
  const [{ execution }] = (JSON.parse(first.stdout) as { files: { execution: { id: string } }[] }).files as [
    { execution: { id: string } },
  ];
  const report = (JSON.parse(again.stdout) as { files: { warnings: { code: string; message: string }[] }[] })
    .files[0];
  assert.equal(again.code, 0);
  assert.equal(report?.warnings[0]?.code, 'SAME_FILE_AS');
  assert.match(report.warnings[0].message, new RegExp(`^execution ${execution.id} `));
  assert.equal(report.warnings.length, 5);

  const status = await run('status', execution.id, '--import', '1');
  assert.match(status.stdout, /SURROUNDING_BLANKS +2\n/);
  assert.match(status.stdout, /warning in line 4: user_account_id looks like/);
});
