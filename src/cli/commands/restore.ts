import path from 'node:path';
import { restoreBackup } from '../../backup/restore-backup.ts';
import { writePrivately } from '../../private-files.ts';
import { makeWhole } from '../backup/new-folder.ts';
import { openByteProgress } from '../backup/progress.ts';
import { command } from '../command.ts';
import { countOf, formatBytes, formatInstant, note, print, printJson } from '../output.ts';

export const restore = command({
  name: 'restore',
  description: 'restores a backup into a new data folder, after checking every file',
  args: {
    backup: {
      type: 'positional',
      required: true,
      valueHint: 'BACKUP',
      description: 'folder created by "muster backup"',
    },
    data: {
      type: 'string',
      valueHint: 'DIR',
      required: true,
      description: 'new or empty data folder',
    },
    json: { type: 'boolean', description: 'print only one JSON document on standard output' },
  },
  examples: ['muster restore /backups/muster-2026-01-31 --data /var/lib/muster'],
  notes: [
    'Works without a running service. Executions that were running continue when a service starts on the folder.',
  ],
  run: async (args) => {
    writePrivately();
    const data = path.resolve(args.data);
    const { start, end } = await makeWhole(data, async (partial) => {
      const progress = openByteProgress('restore');
      try {
        return await restoreBackup(path.resolve(args.backup), partial, progress.moved);
      } finally {
        progress.close();
      }
    });
    if (args.json) printJson({ data, created: start.created, files: end.files, bytes: end.bytes });
    else {
      print(
        `${data}: ${countOf(end.files, 'file')}, ${formatBytes(end.bytes)}, as of ${formatInstant(start.created)} UTC`,
      );
      note(
        `check it with: muster check --data ${args.data}\nstart it with: muster serve --data ${args.data}`,
      );
    }
    return 0;
  },
});
