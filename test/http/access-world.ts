import { randomUUID } from 'node:crypto';
import { PLAIN_IMPORT } from '../../src/model/execution.ts';
import type { Role } from '../../src/model/records.ts';
import { hashToken } from '../../src/model/token-hash.ts';
import { makeSecret } from '../../src/model/webhook.ts';
import { createImport, createSegment, dataOf, errorFile, runFile } from '../client.ts';
import type { TestService } from '../helper.ts';

/** What a request says, but for who sends it. */
export type Prepared = { readonly path: string; readonly body?: unknown; readonly type?: string };

/**
 * Makes what a route is about and gives a request for it that an admin of everything may make, and
 * that works.
 */
export type Prepare = (world: World) => Prepared | Promise<Prepared>;

/** Things of datamart 1, and datamart 2 beside it. */
export type World = {
  readonly service: TestService;
  readonly datamartId: string;
  readonly otherDatamartId: string;
  readonly importId: string;
  readonly executionId: string;
  readonly errorFileUri: string;
  readonly segmentId: string;
  readonly listImportId: string;
  readonly webhookId: string;
  readonly deliveryId: string;
};

const NDJSON = 'application/x-ndjson';
const GOOD_LINE = (segmentId: string) =>
  `{"operation":"UPDATE","user_account_id":"u1","segment_id":"${segmentId}","expiration_duration":0}\n`;

export async function openWorld(service: TestService): Promise<World> {
  const other = await dataOf<{ id: string }>(service.call('POST', '/v1/datamarts', { name: 'other' }));
  const segmentId = await createSegment(service, { name: 'access' });
  const importId = await createImport(service, { format: 'NDJSON' });
  const body = `${GOOD_LINE(segmentId)}{}\n`;
  const execution = await runFile(service, 'NDJSON', body, { documentImportId: importId });
  await errorFile(service, execution);
  const lists = `/v1/datamarts/1/audience_segments/${segmentId}/user_list_imports`;
  const list = await dataOf<{ id: string }>(
    service.call('POST', lists, 'user_account_id\nu1\n', { 'content-type': 'text/csv' }),
  );
  const webhookId = await createWebhook(service);
  return {
    service,
    datamartId: '1',
    otherDatamartId: other.id,
    importId,
    executionId: execution.id,
    errorFileUri: execution.result.error_file_uri ?? '',
    segmentId,
    listImportId: list.id,
    webhookId,
    deliveryId: await createDelivery(service, webhookId),
  };
}

/** A token for some datamarts, or for all; `expired` ones cannot be had over the API. */
export async function makeToken(
  { service }: World,
  of: { role: Role; datamartIds: readonly string[] | null; expired?: boolean },
): Promise<string> {
  const value = `muster_${randomUUID()}`;
  await service.store.tokens.create({
    name: of.role,
    role: of.role,
    datamartIds: of.datamartIds,
    creationDate: 0,
    expirationDate: of.expired ? Date.now() - 1 : null,
    valueHash: hashToken(value),
  });
  return value;
}

const IMPORTS = '/v1/datamarts/1/document_imports';
const segmentPath = ({ segmentId }: World) => `/v1/audience_segments/${segmentId}`;
const executions = ({ importId }: World) => `${IMPORTS}/${importId}/executions`;
const lists = ({ segmentId }: World) => `/v1/datamarts/1/audience_segments/${segmentId}/user_list_imports`;
const fixed =
  (path: string, body?: unknown): Prepare =>
  () => ({ path, ...(body === undefined ? {} : { body }) });
const WEBHOOKS = '/v1/datamarts/1/webhooks';
const webhook = ({ webhookId }: World) => `${WEBHOOKS}/${webhookId}`;
const delivery = (world: World) => `${webhook(world)}/deliveries/${world.deliveryId}`;
/** It is never asked: the name is refused before anything is sent. */
const NOWHERE = 'https://localhost/';

const SOURCE = { kind: 'HTTPS', url: 'https://muster.invalid/u' };

/** A request for the source of an import of its own, which is made beside the API. */
function sourceOf(part = '', body?: unknown): Prepare {
  return async ({ service: { store } }) => {
    const { id } = await store.documentImports.create({
      ...{ datamartId: '1', mimeType: 'TEXT_CSV', encoding: 'utf-8' },
      ...{ name: 'access', priority: 'LOW', creationTs: Date.now() },
    });
    const location = { ...SOURCE, kind: 'HTTPS', ca: null } as const;
    const { dryRun: _, ...options } = PLAIN_IMPORT;
    await store.sources.put({
      ...{ documentImportId: id, datamartId: '1', credentials: null, forgetHostKey: false },
      settings: {
        ...{ location, pattern: null, order: 'name', maxFiles: 1, after: 'leave', afterFolder: 'taken' },
        ...{ schedule: null, enabled: true, options, allowEmpty: true },
      },
      ...{ nextRunTs: null, now: Date.now() },
    });
    return { path: `${IMPORTS}/${id}/source${part}`, ...(body === undefined ? {} : { body }) };
  };
}

/** Made beside the API: that is not what is counted. It wants events that there are none of. */
async function createWebhook({ store }: TestService): Promise<string> {
  const made = await store.webhooks.create({
    ...{ datamartId: '1', documentImportId: null, name: null, url: NOWHERE, events: ['execution.failed'] },
    ...{ secret: makeSecret(), creationTs: Date.now() },
  });
  return typeof made === 'object' && made !== null ? made.id : String(made);
}

async function createDelivery({ store }: TestService, webhookId: string): Promise<string> {
  const made = await store.webhooks.ping(webhookId, { now: Date.now() });
  return typeof made === 'object' && made !== null ? made.id : String(made);
}

const named = () => ({ name: `access ${randomUUID()}` });

/** A working request for every route under /v1 (HEAD has the one of GET). */
export const REQUESTS: Readonly<Record<string, Prepare>> = {
  'GET /v1/datamarts/:datamartId/document_imports': fixed(IMPORTS),
  'POST /v1/datamarts/:datamartId/document_imports': fixed(IMPORTS, {
    name: 'n',
    mime_type: 'TEXT_CSV',
  }),
  'POST /v1/datamarts/:datamartId/document_imports/preview': fixed(`${IMPORTS}/preview`, {
    mime_type: 'TEXT_CSV',
    sample: 'id\n1\n',
  }),
  'GET /v1/datamarts/:datamartId/document_imports/:importId': ({ importId }) => ({
    path: `${IMPORTS}/${importId}`,
  }),
  'PUT /v1/datamarts/:datamartId/document_imports/:importId': ({ importId }) => ({
    path: `${IMPORTS}/${importId}`,
    body: { priority: 'LOW' },
  }),
  'DELETE /v1/datamarts/:datamartId/document_imports/:importId': async ({ service }) => ({
    path: `${IMPORTS}/${await createImport(service, { format: 'CSV' })}`,
  }),
  'GET /v1/datamarts/:datamartId/document_imports/:importId/executions': (world) => ({
    path: executions(world),
  }),
  'POST /v1/datamarts/:datamartId/document_imports/:importId/executions': (world) => ({
    path: executions(world),
    body: GOOD_LINE(world.segmentId),
    type: NDJSON,
  }),
  'GET /v1/datamarts/:datamartId/document_imports/:importId/executions/:executionId': (world) => ({
    path: `${executions(world)}/${world.executionId}`,
  }),
  'GET /v1/datamarts/:datamartId/document_imports/:importId/executions/:executionId/events': (world) => ({
    path: `${executions(world)}/${world.executionId}/events`,
  }),
  'GET /v1/datamarts/:datamartId/audience_segments/:segmentId/user_list_imports/:executionId/events': (
    world,
  ) => ({ path: `${lists(world)}/${world.listImportId}/events` }),
  // that it has ended is found out after access: 409
  'POST /v1/datamarts/:datamartId/document_imports/:importId/executions/:executionId/action': (world) => ({
    path: `${executions(world)}/${world.executionId}/action`,
    body: { action: 'CANCEL' },
  }),
  'GET /v1/datamarts/:datamartId/audience_segments/:segmentId/user_list_imports': (world) => ({
    path: lists(world),
  }),
  'POST /v1/datamarts/:datamartId/audience_segments/:segmentId/user_list_imports': (world) => ({
    path: lists(world),
    body: 'user_account_id\nu1\n',
    type: 'text/csv',
  }),
  'GET /v1/datamarts/:datamartId/audience_segments/:segmentId/user_list_imports/:executionId': (world) => ({
    path: `${lists(world)}/${world.listImportId}`,
  }),
  'POST /v1/datamarts/:datamartId/audience_segments/:segmentId/user_list_imports/:executionId/action': (
    world,
  ) => ({ path: `${lists(world)}/${world.listImportId}/action`, body: { action: 'CANCEL' } }),
  'GET /v1/datamarts/:datamartId/activity': fixed('/v1/datamarts/1/activity'),
  'GET /v1/datamarts/:datamartId/executions': fixed('/v1/datamarts/1/executions'),
  'GET /v1/datamarts/:datamartId/executions/:executionId': ({ executionId }) => ({
    path: `/v1/datamarts/1/executions/${executionId}`,
  }),
  ...Object.fromEntries(
    ['segment_changes', 'revert_preview', 'errors', 'unknown_segments', 'warnings'].flatMap((part) => [
      [
        `GET /v1/datamarts/:datamartId/document_imports/:importId/executions/:executionId/${part}`,
        (world: World) => ({ path: `${executions(world)}/${world.executionId}/${part}` }),
      ],
      [
        `GET /v1/datamarts/:datamartId/audience_segments/:segmentId/user_list_imports/:executionId/${part}`,
        (world: World) => ({ path: `${lists(world)}/${world.listImportId}/${part}` }),
      ],
    ]),
  ),
  'GET /v1/datamarts/:datamartId/sources': fixed('/v1/datamarts/1/sources'),
  'GET /v1/datamarts/:datamartId/document_imports/:importId/source': sourceOf(),
  'PUT /v1/datamarts/:datamartId/document_imports/:importId/source': sourceOf('', SOURCE),
  'DELETE /v1/datamarts/:datamartId/document_imports/:importId/source': sourceOf(),
  'POST /v1/datamarts/:datamartId/document_imports/:importId/source/test': sourceOf('/test'),
  'POST /v1/datamarts/:datamartId/document_imports/:importId/source/run': sourceOf('/run', {}),
  'GET /v1/datamarts/:datamartId/document_imports/:importId/source/files': sourceOf('/files'),
  'GET /v1/datamarts/:datamartId/webhooks': fixed(WEBHOOKS),
  'POST /v1/datamarts/:datamartId/webhooks': fixed(WEBHOOKS, {
    url: 'https://muster.invalid/',
    events: ['execution.failed'],
  }),
  'GET /v1/datamarts/:datamartId/webhooks/:webhookId': (world) => ({ path: webhook(world) }),
  'PUT /v1/datamarts/:datamartId/webhooks/:webhookId': (world) => ({
    path: webhook(world),
    body: { name: 'n' },
  }),
  'DELETE /v1/datamarts/:datamartId/webhooks/:webhookId': async ({ service }) => ({
    path: `${WEBHOOKS}/${await createWebhook(service)}`,
  }),
  'POST /v1/datamarts/:datamartId/webhooks/:webhookId/rotate_secret': (world) => ({
    path: `${webhook(world)}/rotate_secret`,
    body: {},
  }),
  'POST /v1/datamarts/:datamartId/webhooks/:webhookId/ping': (world) => ({
    path: `${webhook(world)}/ping`,
  }),
  'GET /v1/datamarts/:datamartId/webhooks/:webhookId/deliveries': (world) => ({
    path: `${webhook(world)}/deliveries`,
  }),
  'GET /v1/datamarts/:datamartId/webhooks/:webhookId/deliveries/:deliveryId': (world) => ({
    path: delivery(world),
  }),
  'POST /v1/datamarts/:datamartId/webhooks/:webhookId/deliveries/:deliveryId/resend': (world) => ({
    path: `${delivery(world)}/resend`,
  }),
  'GET /v1/data_file/data': ({ errorFileUri }) => ({
    path: `/v1/data_file/data?uri=${encodeURIComponent(errorFileUri)}`,
  }),
  'GET /v1/audience_segments': fixed('/v1/audience_segments'),
  'POST /v1/audience_segments': () => ({
    path: '/v1/audience_segments',
    body: { datamart_id: '1', ...named() },
  }),
  'GET /v1/audience_segments/:segmentId': (world) => ({ path: segmentPath(world) }),
  'PUT /v1/audience_segments/:segmentId': (world) => ({ path: segmentPath(world), body: { paused: false } }),
  'DELETE /v1/audience_segments/:segmentId': async ({ service }) => ({
    path: `/v1/audience_segments/${await createSegment(service, named())}`,
  }),
  'GET /v1/datamarts/:datamartId/user_segments/*': fixed('/v1/datamarts/1/user_segments/user_account_id=u1'),
  'GET /v1/datamarts/:datamartId/user_identifiers/*': fixed(
    '/v1/datamarts/1/user_identifiers/user_account_id=u1',
  ),
  'POST /v1/datamarts/:datamartId/user_segments/search': fixed('/v1/datamarts/1/user_segments/search', {
    users: [{ user_account_id: 'u1' }],
  }),
  'GET /v1/audience_segments/:segmentId/exports': (world) => ({ path: `${segmentPath(world)}/exports` }),
  'POST /v1/audience_segments/:segmentId/exports': (world) => ({
    path: `${segmentPath(world)}/exports`,
    body: {},
  }),
  'GET /v1/audience_segments/:segmentId/exports/:exportId': async (world) => {
    const path = `${segmentPath(world)}/exports`;
    const { id } = await dataOf<{ id: string }>(world.service.call('POST', path, {}));
    return { path: `${path}/${id}` };
  },
  'GET /v1/audience_segments/:segmentId/export_file': (world) => ({
    path: `${segmentPath(world)}/export_file`,
  }),
  'GET /v1/audience_segments/:segmentId/members': (world) => ({ path: `${segmentPath(world)}/members` }),
  'GET /v1/audience_segments/:segmentId/expirations': (world) => ({
    path: `${segmentPath(world)}/expirations`,
  }),
  'GET /v1/audience_segments/:segmentId/history': (world) => ({ path: `${segmentPath(world)}/history` }),
  'GET /v1/audience_segments/:segmentId/executions': (world) => ({
    path: `${segmentPath(world)}/executions`,
  }),
  'POST /v1/datamarts/:datamartId/overlap_analysis': ({ segmentId }) => ({
    path: '/v1/datamarts/1/overlap_analysis',
    body: { first_party_overlap: { source: { segment_id: segmentId } } },
  }),
  'GET /v1/audience_segments/:segmentId/overlap_analysis': (world) => ({
    path: `${segmentPath(world)}/overlap_analysis`,
  }),
  'GET /v1/datamarts/:datamartId/segment_overlaps': async ({ service, segmentId }) => ({
    path: `/v1/datamarts/1/segment_overlaps?segment_ids=${segmentId},${await createSegment(service, named())}`,
  }),
  'GET /v1/datamarts/:datamartId/user_points/*': fixed(
    '/v1/datamarts/1/user_points/user_account_id=u1/user_segments',
  ),
  'GET /v1/datamarts': fixed('/v1/datamarts'),
  'POST /v1/datamarts': () => ({ path: '/v1/datamarts', body: named() }),
  'GET /v1/datamarts/:datamartId': fixed('/v1/datamarts/1'),
  'PUT /v1/datamarts/:datamartId': fixed('/v1/datamarts/1', { time_zone: 'UTC' }),
  'GET /v1/user_account_compartments': fixed('/v1/user_account_compartments'),
  'POST /v1/user_account_compartments': () => ({ path: '/v1/user_account_compartments', body: named() }),
  'GET /v1/user_account_compartments/:compartmentId': fixed('/v1/user_account_compartments/1'),
  'PUT /v1/user_account_compartments/:compartmentId': fixed('/v1/user_account_compartments/1', {
    archived: false,
  }),
  'GET /v1/datamarts/:datamartId/compartments': fixed('/v1/datamarts/1/compartments'),
  'GET /v1/datamarts/:datamartId/user_account_compartments': fixed(
    '/v1/datamarts/1/user_account_compartments',
  ),
  'POST /v1/datamarts/:datamartId/compartments': fixed('/v1/datamarts/1/compartments', {
    compartment_id: '1',
    default: true,
  }),
  'PUT /v1/datamarts/:datamartId/compartments': fixed('/v1/datamarts/1/compartments', {
    compartment_id: '1',
    default: true,
  }),
  'PUT /v1/datamarts/:datamartId/compartments/:selectionId': fixed('/v1/datamarts/1/compartments/1', {
    default: true,
  }),
  'POST /v1/datamarts/:datamartId/user_points/*': () => ({
    path: '/v1/datamarts/1/user_points/user_account_id=u1/user_identifiers',
    body: { email_hash: randomUUID() },
  }),
  'POST /v1/datamarts/:datamartId/user_identifiers/*': () => ({
    path: '/v1/datamarts/1/user_identifiers/user_account_id=u1',
    body: { email_hash: randomUUID() },
  }),
  'POST /v1/datamarts/:datamartId/user_segment_commands': ({ segmentId }) => ({
    path: '/v1/datamarts/1/user_segment_commands',
    body: { commands: [JSON.parse(GOOD_LINE(segmentId))] },
  }),
  'DELETE /v1/datamarts/:datamartId/user_points/*': fixed(
    '/v1/datamarts/1/user_points/user_account_id=erased',
  ),
  'GET /v1/datamarts/:datamartId/erasures': fixed('/v1/datamarts/1/erasures'),
  'GET /v1/datamarts/:datamartId/erasures/:erasureId': async ({ service }) => {
    const path = '/v1/datamarts/1/user_points/user_account_id=erased';
    const { id } = await dataOf<{ id: string }>(service.call('DELETE', path));
    return { path: `/v1/datamarts/1/erasures/${id}` };
  },
  'GET /v1/audit_log': fixed('/v1/audit_log'),
  'GET /v1/backup': fixed('/v1/backup'),
  'GET /v1/check': fixed('/v1/check'),
  'GET /v1/api_tokens': fixed('/v1/api_tokens'),
  'GET /v1/api_tokens/current': fixed('/v1/api_tokens/current'),
  'POST /v1/api_tokens': () => ({
    path: '/v1/api_tokens',
    body: { ...named(), role: 'reader', datamart_ids: null },
  }),
  'DELETE /v1/api_tokens/:tokenId': async ({ service }) => {
    const body = { ...named(), role: 'reader', datamart_ids: null };
    const { id } = await dataOf<{ id: string }>(service.call('POST', '/v1/api_tokens', body));
    return { path: `/v1/api_tokens/${id}` };
  },
};
