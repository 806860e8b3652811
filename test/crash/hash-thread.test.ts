import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { createImport, createSegment, executionsPath, getSegment, runFile } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { testStore } from '../postgres.ts';
import { serve } from '../process.ts';

const MAPPING = {
  columns: { Segment: 'segment_technical_name' },
  hash: { Email: 'sha256' },
  defaults: { operation: 'UPDATE', expiration_duration: 0 },
};
const ROWS = 20_000;
const BODY = `Email;Segment\n${Array.from({ length: ROWS }, (_, i) => `ann.${i}@secret.example;vip\n`).join('')}`;

for (const point of ['hash-thread-dies:1', 'hash-thread-dies:4']) {
  test(`${point}: the upload can be sent again, and no address of the first is kept`, async (t) => {
    const folder = await makeFolder();
    const store = await testStore(folder);
    const file = path.join(folder, 'log');
    const settings = { MUSTER_FAULT_POINT: point, ...(store === null ? {} : { MUSTER_STORE: store }) };
    const service = await serve(folder, settings, { log: file });
    t.after(async () => {
      await service.kill();
      await discardFolder(t, folder);
    });
    const segmentId = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
    const documentImportId = await createImport(service, { format: 'CSV', mapping: MAPPING });
    const refused = await service.call('POST', executionsPath({ datamartId: '1', documentImportId }), BODY, {
      'content-type': 'text/csv',
    });
    assert.equal(refused.status, 503, refused.text);
    assert.match(refused.text, /the thread that hashes columns died: send the file again/);
    assert.ok(refused.headers.has('retry-after'));
    assert.match(readFileSync(file, 'utf8'), /it ended with 1/);
    const { result } = await runFile(service, 'CSV', BODY, { documentImportId });
    assert.equal(result.total_success, ROWS);
    assert.equal((await getSegment(service, segmentId)).user_points_count, ROWS);
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue;
      const content = readFileSync(path.join(entry.parentPath, entry.name), 'latin1');
      assert.ok(!content.includes('secret.example'), entry.name);
    }
  });
}
