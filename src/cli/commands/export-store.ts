import path from 'node:path';
import { writePrivately } from '../../private-files.ts';
import { makeWhole } from '../backup/new-folder.ts';
import { command } from '../command.ts';
import { openRowProgress, tellMoved } from '../move-output.ts';
import { note } from '../output.ts';
import { STORE_ARG, storeSettings } from '../store-args.ts';

export const exportStoreCommand = command({
  name: 'export-store',
  description: 'moves the store in a PostgreSQL into a new data folder, as it is at one moment',
  args: {
    data: {
      type: 'positional',
      required: true,
      valueHint: 'DATA',
      description: 'the data folder to make: new or empty',
    },
    ...STORE_ARG,
    json: { type: 'boolean', description: 'print one JSON document on standard output, and nothing else' },
  },
  examples: ['muster export-store /var/lib/muster --store postgres://muster@db.internal/muster'],
  notes: [
    'Nodes may go on meanwhile: what they write after the beginning is not in it. To move for good, stop them first.',
    'Uploaded files are not in the store: copy them to DATA/documents, or give --documents.',
  ],
  run: async (args) => {
    writePrivately();
    const { exportStore } = await import('../../store/move/move-store.ts');
    const data = path.resolve(args.data);
    const progress = openRowProgress();
    const tables = await makeWhole(data, (partial) =>
      exportStore({
        ...storeSettings(args),
        dir: path.join(partial, 'store'),
        now: Date.now(),
        onMoved: progress.moved,
      }),
    ).finally(progress.close);
    tellMoved(tables, { json: args.json === true });
    if (!args.json)
      note(`muster check --data ${args.data} looks at it, muster serve --data ${args.data} starts it`);
    return 0;
  },
});
