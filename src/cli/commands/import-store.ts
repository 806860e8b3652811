import path from 'node:path';
import { writePrivately } from '../../private-files.ts';
import { command } from '../command.ts';
import { openRowProgress, tellMoved } from '../move-output.ts';
import { note } from '../output.ts';
import { STORE_ARG, storeSettings } from '../store-args.ts';

export const importStoreCommand = command({
  name: 'import-store',
  description: 'moves the store of a data folder into an empty PostgreSQL database',
  args: {
    data: {
      type: 'positional',
      required: true,
      valueHint: 'DATA',
      description: 'data folder, with no service running on it',
    },
    ...STORE_ARG,
    json: { type: 'boolean', description: 'print only one JSON document on standard output' },
  },
  examples: ['muster import-store /var/lib/muster --store postgres://muster@db.internal/muster'],
  notes: [
    'Runs in one transaction. It rolls back if both stores do not compute the same row count and checksum for every table.',
    'The data folder is not changed. Uploaded files are not moved: point --documents to DATA/documents.',
  ],
  run: async (args) => {
    writePrivately();
    const { importStore } = await import('../../store/move/move-store.ts');
    const progress = openRowProgress();
    const dir = path.join(path.resolve(args.data), 'store');
    const tables = await importStore({
      ...storeSettings(args),
      dir,
      now: Date.now(),
      onMoved: progress.moved,
    }).finally(progress.close);
    tellMoved(tables, { json: args.json === true });
    if (!args.json) note('uploaded files are where they were: see --documents of muster serve');
    return 0;
  },
});
