import { type Delivery, dataOf, everyOf, type Webhook } from '../../client/client.ts';
import { DELIVERY_STATUSES, EVENTS, type Event } from '../../model/webhook.ts';
import { listOf } from '../client.ts';
import type { Group } from '../command.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient, readDatamartId } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { findImport } from '../find-import.ts';
import { type Column, formatInstant, print, printJson, table } from '../output.ts';
import { MOST_ENTRIES, readCount, readId } from '../read-args.ts';

const COLUMNS: readonly Column<Webhook>[] = [
  { title: 'ID', align: 'right', value: (webhook) => webhook.id },
  { title: 'NAME', value: (webhook) => webhook.name ?? '-' },
  { title: 'IMPORT', align: 'right', value: (webhook) => webhook.document_import_id ?? 'all' },
  { title: 'EVENTS', value: (webhook) => webhook.events.map(shortName).join(',') },
  { title: 'URL', value: (webhook) => webhook.url },
  {
    title: 'STATE',
    value: ({ enabled, disabled_reason: why }) => (enabled ? 'enabled' : (why ?? 'disabled')),
  },
];

const DELIVERY_COLUMNS: readonly Column<Delivery>[] = [
  { title: 'ID', align: 'right', value: (delivery) => delivery.id },
  { title: 'MADE (UTC)', value: (delivery) => formatInstant(delivery.creation_ts) },
  { title: 'EVENT', value: (delivery) => delivery.event },
  { title: 'EXECUTION', align: 'right', value: (delivery) => delivery.execution_id ?? '-' },
  { title: 'STATUS', value: (delivery) => delivery.status },
  { title: 'ATTEMPTS', align: 'right', value: (delivery) => String(delivery.attempts) },
  { title: 'NEXT (UTC)', value: (delivery) => formatInstant(delivery.next_attempt_ts) },
  { title: 'ERROR', value: (delivery) => delivery.error ?? '' },
];

const ID_ARG = { id: { type: 'positional', required: true, description: 'id of the webhook' } } as const;
const COMMON_ARGS = { ...DATAMART_ARG, ...CONNECTION_ARGS } as const;

/** `execution.failed` → `failed` */
function shortName(event: string): string {
  return event.replace(/^(execution|document_import)\./, '');
}

/** One of the events of webhooks, by its short name or its whole one. */
function readEvent(given: string): Event {
  const event = EVENTS.find((each) => shortName(each) === shortName(given.trim()));
  if (event !== undefined) return event;
  const expected = EVENTS.map(shortName).join(', ');
  throw new UsageError(`--events: expected some of ${expected}, got ${JSON.stringify(given.trim())}`);
}

const ALL = '/v1/datamarts/{datamartId}/webhooks';
const ONE = '/v1/datamarts/{datamartId}/webhooks/{webhookId}';

function pathOf(args: { readonly datamart: string; readonly id: string }) {
  return { datamartId: readDatamartId(args.datamart), webhookId: readId(args.id) };
}

const list = command({
  name: 'webhooks list',
  description: 'lists webhooks, without their secrets',
  args: COMMON_ARGS,
  run: async (args) => {
    const { api } = openClient(args);
    const path = { datamartId: readDatamartId(args.datamart) };
    const webhooks = await listOf(everyOf((query) => api.GET(ALL, { params: { path, query } })));
    if (args.json) printJson(webhooks);
    else print(webhooks.length === 0 ? 'no webhooks' : table(webhooks, COLUMNS));
    return 0;
  },
});

const create = command({
  name: 'webhooks create',
  description: 'creates a webhook and prints its signing secret (shown once)',
  args: {
    receiver: { type: 'positional', required: true, description: 'https URL of the receiver' },
    name: { type: 'string', description: 'its name' },
    import: { type: 'string', valueHint: 'ID|NAME', description: 'only executions of this document import' },
    events: {
      type: 'string',
      valueHint: 'EVENT,…',
      description:
        'comma-separated, of succeeded, failed, canceled, unusual_size, many_failures, late and missing; by default all',
    },
    ...COMMON_ARGS,
  },
  choices: { events: EVENTS.map(shortName) },
  examples: [
    'muster webhooks create https://ops.example.com/muster',
    'muster webhooks create https://ops.example.com/muster --import 3 --events failed,canceled',
  ],
  notes: ['docs/recipes.md shows how a receiver verifies signatures.'],
  run: async (args) => {
    const client = openClient(args);
    const datamart = datamartPath(args.datamart);
    const owner = args.import === undefined ? null : await findImport(client, datamart, args.import);
    const path = { datamartId: readDatamartId(args.datamart) };
    const body = {
      url: args.receiver,
      name: args.name,
      document_import_id: owner?.id,
      events: args.events?.split(',').map(readEvent),
    };
    const webhook = await dataOf(client.api.POST(ALL, { params: { path }, body }));
    if (args.json) printJson(webhook);
    else print(`webhook ${webhook.id} created; its signing secret, shown only once:\n${webhook.secret}`);
    return 0;
  },
});

const remove = command({
  name: 'webhooks delete',
  description: 'deletes a webhook and its delivery records',
  args: { ...ID_ARG, ...COMMON_ARGS },
  run: async (args) => {
    const path = pathOf(args);
    const webhook = await dataOf(openClient(args).api.DELETE(ONE, { params: { path } }));
    if (args.json) printJson(webhook);
    else print(`webhook ${args.id} deleted`);
    return 0;
  },
});

const ping = command({
  name: 'webhooks ping',
  description: 'sends a test delivery; "webhooks deliveries" shows the result',
  args: { ...ID_ARG, ...COMMON_ARGS },
  run: async (args) => {
    const path = pathOf(args);
    const delivery = await dataOf(openClient(args).api.POST(`${ONE}/ping`, { params: { path } }));
    if (args.json) printJson(delivery);
    else print(`delivery ${delivery.id} is on its way`);
    return 0;
  },
});

const deliveries = command({
  name: 'webhooks deliveries',
  description: 'lists the deliveries of a webhook and their results, newest first',
  args: {
    ...ID_ARG,
    status: {
      type: 'string',
      valueHint: 'STATUS,…',
      description: `only deliveries with one of these statuses: ${DELIVERY_STATUSES.join(', ')}`,
    },
    limit: { type: 'string', valueHint: 'N', default: '50', description: 'at most N, newest first' },
    ...COMMON_ARGS,
  },
  choices: { status: DELIVERY_STATUSES },
  run: async (args) => {
    const query = { status: args.status, max_results: readCount('--limit', args.limit, MOST_ENTRIES) };
    const params = { path: pathOf(args), query };
    const data = await dataOf(openClient(args).api.GET(`${ONE}/deliveries`, { params }));
    if (args.json) printJson(data);
    else print(data.length === 0 ? 'no deliveries' : table(data, DELIVERY_COLUMNS));
    return 0;
  },
});

const resend = command({
  name: 'webhooks resend',
  description: 'sends a delivery again, with the same message id',
  args: {
    ...ID_ARG,
    delivery: { type: 'positional', required: true, description: 'id of the delivery' },
    ...COMMON_ARGS,
  },
  run: async (args) => {
    const path = { ...pathOf(args), deliveryId: readId(args.delivery, 'DELIVERY') };
    const call = openClient(args).api.POST(`${ONE}/deliveries/{deliveryId}/resend`, { params: { path } });
    const delivery = await dataOf(call);
    if (args.json) printJson(delivery);
    else print(`delivery ${delivery.id} is on its way again`);
    return 0;
  },
});

export const webhooks: Group = {
  description: 'lists, creates, tests and deletes webhooks, and shows their deliveries',
  fallback: 'list',
  commands: {
    list: async () => list,
    create: async () => create,
    delete: async () => remove,
    ping: async () => ping,
    deliveries: async () => deliveries,
    resend: async () => resend,
  },
};
