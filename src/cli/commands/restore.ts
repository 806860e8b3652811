import path from 'node:path';
import { restoreBackup } from '../../backup/restore-backup.ts';
import { writePrivately } from '../../private-files.ts';
import { makeWhole } from '../backup/new-folder.ts';
import { openByteProgress } from '../backup/progress.ts';
import { command } from '../command.ts';
import { countOf, formatBytes, formatInstant, note, print, printJson } from '../output.ts';

export const restore = command({
  name: 'restore',
  description: 'makes a new data folder from a backup, after checking every file of it',
  args: {
    backup: {
      type: 'positional',
      required: true,
      valueHint: 'BACKUP',
      description: 'folder that "muster backup" made',
    },
    data: {
      type: 'string',
      valueHint: 'DIR',
      required: true,
      description: 'the data folder to make: new or empty',
    },
    json: { type: 'boolean', description: 'print one JSON document on standard output, and nothing else' },
  },
  examples: ['muster restore /backups/muster-2026-01-31 --data /var/lib/muster'],
  notes: [
    'No service is needed, and none is touched. Executions that were running go on when one is started there.',
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
      note(`muster check --data ${args.data} looks at it, muster serve --data ${args.data} starts it`);
    }
    return 0;
  },
});
