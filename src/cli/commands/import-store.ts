import path from 'node:path';
import { writePrivately } from '../../private-files.ts';
import { command } from '../command.ts';
import { openRowProgress, tellMoved } from '../move-output.ts';
import { note } from '../output.ts';
import { STORE_ARG, storeSettings } from '../store-args.ts';

export const importStoreCommand = command({
  name: 'import-store',
  description: 'moves the store of a data folder into an empty PostgreSQL',
  args: {
    data: {
      type: 'positional',
      required: true,
      valueHint: 'DATA',
      description: 'data folder that no service has: one that was served, or that "muster restore" made',
    },
    ...STORE_ARG,
    json: { type: 'boolean', description: 'print one JSON document on standard output, and nothing else' },
  },
  examples: ['muster import-store /var/lib/muster --store postgres://muster@db.internal/muster'],
  notes: [
    'In one transaction, which is taken back when the rows of any table, counted and summed up by each store for itself, differ.',
    'The data folder stays as it is. Uploaded files are not in the store: DATA/documents is what --documents is to lead to.',
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
