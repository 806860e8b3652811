import { command } from '../command.ts';
import { print, printJson } from '../output.ts';
import { STORE_ARG, storeSettings } from '../store-args.ts';

export const migrate = command({
  name: 'migrate',
  description: 'makes the schema in a PostgreSQL, or brings it to this version',
  args: {
    ...STORE_ARG,
    citus: { type: 'boolean', description: 'distribute the large tables over the nodes of a Citus cluster' },
    json: { type: 'boolean', description: 'print one JSON document on standard output, and nothing else' },
  },
  examples: [
    'muster migrate --store postgres://owner@db.internal/muster',
    'muster migrate --store postgres://owner@coordinator.internal/muster --citus',
  ],
  notes: [
    '"muster serve" does the same at its start where its role may. This is for those whose nodes have a role that may not change',
    'the schema: see docs/scaling.md. Doing it again does no harm.',
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
      const was = current === newest ? 'it was so already' : `it was ${current === 0 ? 'empty' : current}`;
      print(`schema version ${newest}, ${was}${citus ? '; the large tables are distributed' : ''}`);
    }
    return 0;
  },
});
