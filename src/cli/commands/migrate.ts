import { command } from '../command.ts';
import { print, printJson } from '../output.ts';
import { STORE_ARG, storeSettings } from '../store-args.ts';

export const migrate = command({
  name: 'migrate',
  description: 'creates the schema in a PostgreSQL database, or upgrades it to this version',
  args: {
    ...STORE_ARG,
    citus: { type: 'boolean', description: 'distribute the large tables across a Citus cluster' },
    json: { type: 'boolean', description: 'print only one JSON document on standard output' },
  },
  examples: [
    'muster migrate --store postgres://owner@db.internal/muster',
    'muster migrate --store postgres://owner@coordinator.internal/muster --citus',
  ],
  notes: [
    '"muster serve" does this at startup if its database role may. Use this command if the role of your nodes may not change the schema (docs/scaling.md). It is safe to run again.',
  ],
  run: async (args) => {
    const { preparePostgresStore } = await import('../../store/open-store.ts');
    const citus = args.citus === true;
    const { current, newest } = await preparePostgresStore({
      ...storeSettings(args),
      citus,
      now: Date.now(),
    });
    if (args.json) printJson({ schema_version: newest, before: current, citus });
    else {
      const was = current === newest ? 'already up to date' : `it was ${current === 0 ? 'empty' : current}`;
      print(`schema version ${newest}, ${was}${citus ? '; the large tables are distributed' : ''}`);
    }
    return 0;
  },
});
