import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { createImport } from '../test/client.ts';
import { withFile } from './files.ts';
import { createSegments, importWatched } from './import-file.ts';
import { startServer } from './server.ts';
import { MILLION, workloadOf } from './workloads.ts';

const scratch = await mkdtemp('/tmp/pgb-');
const server = await startServer(scratch);
const bench: any = { options: { scale: 1, rounds: 1 }, scratch, scaled: (x: number) => x, leftMs: () => 1e9 };
const segmentIds = await createSegments(server);
const n = Number(process.argv[2] ?? 1);
const documentImportId = await createImport(server, { format: 'NDJSON' });
await withFile(
  scratch,
  workloadOf(bench, { format: 'NDJSON', lines: n * MILLION, badPerMille: 0, segmentIds }),
  async (file: any) => {
    for (let i = 0; i < Number(process.argv[3] ?? 2); i++) {
      const m = await importWatched(bench, { server, file, to: { datamartId: '1', documentImportId } });
      console.log(JSON.stringify(m));
    }
  },
);
console.log(
  readFileSync(path.join(server.data, '../log'), 'utf8')
    .split('\n')
    .filter((l) => l.includes('PGTIME'))
    .join('\n'),
);
await server.close();
process.exit(0);
