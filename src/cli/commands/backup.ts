import path from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { receiveBackup } from '../../backup/receive-backup.ts';
import { writePrivately } from '../../private-files.ts';
import { makeWhole } from '../backup/new-folder.ts';
import { openByteProgress } from '../backup/progress.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, openClient } from '../connection.ts';
import { countOf, formatBytes, formatDuration, print, printJson } from '../output.ts';

export const backup = command({
  name: 'backup',
  description: 'backs up the store and its files while the service runs, as of one moment',
  args: {
    dir: { type: 'positional', required: true, valueHint: 'DIR', description: 'a new or empty folder' },
    ...CONNECTION_ARGS,
  },
  examples: ['muster backup /backups/muster-2026-01-31'],
  notes: [
    'DIR appears when the backup is complete; until then it is named DIR.partial. It contains personal data and token hashes.',
    'Needs an admin token for all datamarts.',
  ],
  run: async (args) => {
    writePrivately();
    const folder = path.resolve(args.dir);
    const startedAt = Date.now();
    const end = await makeWhole(folder, async (partial) => {
      const body = await openClient(args).download('/backup');
      const progress = openByteProgress('backup');
      try {
        const stream = Readable.fromWeb(body as ReadableStream);
        return await receiveBackup(stream, partial, { received: progress.moved });
      } finally {
        progress.close();
      }
    });
    const took = formatDuration(Date.now() - startedAt);
    if (args.json) printJson({ folder, files: end.files, bytes: end.bytes });
    else print(`${folder}: ${countOf(end.files, 'file')}, ${formatBytes(end.bytes)}, in ${took}`);
    return 0;
  },
});
