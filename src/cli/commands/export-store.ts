import path from 'node:path';
import { writePrivately } from '../../private-files.ts';
import { makeWhole } from '../backup/new-folder.ts';
import { command } from '../command.ts';
import { openRowProgress, tellMoved } from '../move-output.ts';
import { note } from '../output.ts';
import { STORE_ARG, storeSettings } from '../store-args.ts';

export const exportStoreCommand = command({
  name: 'export-store',
  description: 'copies the store from PostgreSQL into a new data folder, as of one moment',
  args: {
    data: {
      type: 'positional',
      required: true,
      valueHint: 'DATA',
      description: 'new or empty data folder',
    },
    ...STORE_ARG,
    json: { type: 'boolean', description: 'print only one JSON document on standard output' },
  },
  examples: ['muster export-store /var/lib/muster --store postgres://muster@db.internal/muster'],
  notes: [
    'Nodes may keep running, but what they write after the start is not copied. To move for good, stop them first.',
    'Uploaded files are not copied: copy them to DATA/documents, or set --documents.',
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
      note(
        `check it with: muster check --data ${args.data}\nstart it with: muster serve --data ${args.data}`,
      );
    return 0;
  },
});
