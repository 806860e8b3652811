import type { ApiDelivery, ApiWebhook } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { findImport } from '../find-import.ts';
import { type Column, formatInstant, print, printJson, table } from '../output.ts';
import { MOST_ENTRIES, readCount, readId } from '../read-args.ts';
import type { Group } from '../registry.ts';

const COLUMNS: readonly Column<ApiWebhook>[] = [
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

const DELIVERY_COLUMNS: readonly Column<ApiDelivery>[] = [
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
  return event.replace(/^execution\./, '');
}

function pathOf(args: { readonly datamart: string; readonly id: string }): string {
  return `${datamartPath(args.datamart)}/webhooks/${readId(args.id)}`;
}

const list = command({
  name: 'webhooks list',
  description: 'lists webhooks; secrets are not shown',
  args: COMMON_ARGS,
  run: async (args) => {
    const webhooks = await openClient(args).listAll<ApiWebhook>(`${datamartPath(args.datamart)}/webhooks`);
    if (args.json) printJson(webhooks);
    else print(webhooks.length === 0 ? 'no webhooks' : table(webhooks, COLUMNS));
    return 0;
  },
});

const create = command({
  name: 'webhooks create',
  description: 'creates a webhook and prints its signing secret (shown once)',
  args: {
    receiver: { type: 'positional', required: true, description: 'https URL that is sent to' },
    name: { type: 'string', description: 'its name, for people' },
    import: { type: 'string', valueHint: 'ID|NAME', description: 'only executions of this document import' },
    events: {
      type: 'string',
      valueHint: 'EVENT,…',
      description: 'of succeeded, failed and canceled; without it all',
    },
    ...COMMON_ARGS,
  },
  examples: [
    'muster webhooks create https://ops.example.com/muster',
    'muster webhooks create https://ops.example.com/muster --import 3 --events failed,canceled',
  ],
  notes: ['How a receiver verifies what it gets is in docs/recipes.md.'],
  run: async (args) => {
    const client = openClient(args);
    const datamart = datamartPath(args.datamart);
    const owner = args.import === undefined ? null : await findImport(client, datamart, args.import);
    const webhook = await client.post<ApiWebhook>(`${datamart}/webhooks`, {
      url: args.receiver,
      name: args.name,
      document_import_id: owner?.id,
      events: args.events?.split(',').map((event) => `execution.${shortName(event.trim())}`),
    });
    if (args.json) printJson(webhook);
    else print(`webhook ${webhook.id} created; its secret, shown this once:\n${webhook.secret}`);
    return 0;
  },
});

const remove = command({
  name: 'webhooks delete',
  description: 'deletes a webhook and what is known of its deliveries',
  args: { ...ID_ARG, ...COMMON_ARGS },
  run: async (args) => {
    const webhook = await openClient(args).delete<ApiWebhook>(pathOf(args));
    if (args.json) printJson(webhook);
    else print(`webhook ${args.id} deleted`);
    return 0;
  },
});

const ping = command({
  name: 'webhooks ping',
  description: 'sends a test delivery; "deliveries" shows what came of it',
  args: { ...ID_ARG, ...COMMON_ARGS },
  run: async (args) => {
    const delivery = await openClient(args).post<ApiDelivery>(`${pathOf(args)}/ping`, {});
    if (args.json) printJson(delivery);
    else print(`delivery ${delivery.id} is on its way`);
    return 0;
  },
});

const deliveries = command({
  name: 'webhooks deliveries',
  description: 'lists what was sent to a webhook and what came of it, newest first',
  args: {
    ...ID_ARG,
    status: { type: 'string', valueHint: 'STATUS,…', description: 'of PENDING, SUCCEEDED, FAILED' },
    limit: { type: 'string', valueHint: 'N', default: '50', description: 'so many, the newest' },
    ...COMMON_ARGS,
  },
  run: async (args) => {
    const { data } = await openClient(args).list<ApiDelivery>(`${pathOf(args)}/deliveries`, {
      status: args.status,
      max_results: readCount('--limit', args.limit, MOST_ENTRIES),
    });
    if (args.json) printJson(data);
    else print(data.length === 0 ? 'no deliveries' : table(data, DELIVERY_COLUMNS));
    return 0;
  },
});

const resend = command({
  name: 'webhooks resend',
  description: 'sends a delivery again, as the same message',
  args: {
    ...ID_ARG,
    delivery: { type: 'positional', required: true, description: 'id of the delivery' },
    ...COMMON_ARGS,
  },
  run: async (args) => {
    const path = `${pathOf(args)}/deliveries/${readId(args.delivery, 'DELIVERY')}/resend`;
    const delivery = await openClient(args).post<ApiDelivery>(path, {});
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
