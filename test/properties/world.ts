import { type Client, createSegment, dataOf } from '../client.ts';
import type { ModelCatalogue, ModelSegment } from '../model/read-command.ts';

/**
 * A datamart of its own with everything commands can name: compartments (default, other, archived,
 * one of another datamart) and segments (alpha, beta, two with a time to live, paused, not
 * importable, deleted, one of another datamart). Changes while a test goes on are made here and in
 * the service together.
 */
export type World = {
  readonly datamartId: string;
  /** What the names in guillemets of generated commands stand for. */
  readonly names: ReadonlyMap<string, string>;
  catalogue(): ModelCatalogue;
  /** Ids of the segments that take commands, paused or not. */
  importable(): readonly string[];
  setPaused(name: SegmentName, paused: boolean): Promise<void>;
  /**
   * Deletes a segment and makes a new one with its technical name; resolves to the id that is gone.
   */
  replaceSegment(name: SegmentName): Promise<string>;
  archiveDefaultCompartment(): Promise<void>;
};

export type SegmentName = 'alpha' | 'beta' | 'lasting' | 'short';

const LASTING_MS = 86_400_000;
const SHORT_MS = 400;

let worlds = 0;

export async function createWorld(client: Client): Promise<World> {
  worlds += 1;
  const prefix = `w${worlds}-${Date.now().toString(36)}`;
  const names = new Map<string, string>();
  const datamartId = await createDatamart(client, prefix);
  const foreignDatamartId = await createDatamart(client, `${prefix}-foreign`);

  const compartments: { id: string; token: string; archived: boolean }[] = [];
  const rememberCompartment = ({ id, token }: { id: string; token: string }, name: string) => {
    names.set(name, id);
    names.set(`${name} token`, token);
    return { id, token, archived: false };
  };
  const [standard] = await dataOf<{ compartment_id: string; token: string }[]>(
    client.call('GET', `/v1/datamarts/${datamartId}/compartments`),
  );
  if (standard === undefined) throw new Error('a new datamart has no compartment');
  compartments.push(rememberCompartment({ id: standard.compartment_id, token: standard.token }, 'default'));
  for (const name of ['other', 'archived', 'foreign']) {
    const compartment = await dataOf<{ id: string; token: string }>(
      client.call('POST', '/v1/user_account_compartments', {
        organisation_id: '1',
        name,
        token: `${prefix} ${name}`,
      }),
    );
    const remembered = rememberCompartment(compartment, name);
    if (name === 'foreign') continue;
    compartments.push(remembered);
    await dataOf(
      client.call('POST', `/v1/datamarts/${datamartId}/compartments`, {
        compartment_id: compartment.id,
        default: false,
      }),
    );
  }
  const archive = async (name: string) => {
    const compartment = compartments.find(({ id }) => id === names.get(name));
    if (compartment === undefined) throw new Error(`no compartment ${name}`);
    await dataOf(client.call('PUT', `/v1/user_account_compartments/${compartment.id}`, { archived: true }));
    compartment.archived = true;
  };
  await archive('archived');

  const segments: (ModelSegment & { paused: boolean })[] = [];
  const addSegment = async (name: string, fields: Record<string, unknown>) => {
    const id = await createSegment(client, { name, datamart_id: datamartId, ...fields });
    names.set(name, id);
    if (typeof fields.technical_name === 'string') names.set(`${name} name`, fields.technical_name);
    segments.push({
      id,
      technicalName: typeof fields.technical_name === 'string' ? fields.technical_name : null,
      importable: fields.type === undefined,
      paused: false,
      defaultTtlMs: typeof fields.default_ttl === 'number' ? fields.default_ttl : null,
    });
    return id;
  };
  const setPaused = async (name: string, paused: boolean) => {
    const segment = segments.find(({ id }) => id === names.get(name));
    if (segment === undefined) throw new Error(`no segment ${name}`);
    await dataOf(client.call('PUT', `/v1/audience_segments/${segment.id}`, { paused }));
    segment.paused = paused;
  };
  const removeSegment = async (name: string) => {
    const index = segments.findIndex(({ id }) => id === names.get(name));
    const [segment] = segments.splice(index, 1);
    if (segment === undefined) throw new Error(`no segment ${name}`);
    await dataOf(client.call('DELETE', `/v1/audience_segments/${segment.id}`));
    return segment;
  };

  const alphaId = await addSegment('alpha', { technical_name: 'alpha' });
  await addSegment('beta', { technical_name: 'Bêta; "x", y' });
  await addSegment('lasting', { technical_name: '[lasting', default_ttl: LASTING_MS });
  // A technical name that looks like the id of another segment.
  await addSegment('short', { technical_name: alphaId, default_ttl: SHORT_MS });
  await addSegment('paused', { technical_name: 'paused' });
  await setPaused('paused', true);
  await addSegment('query', { technical_name: 'query', type: 'USER_QUERY' });
  await addSegment('deleted', { technical_name: 'deleted' });
  await removeSegment('deleted');
  const foreignSegmentId = await createSegment(client, {
    name: 'foreign',
    datamart_id: foreignDatamartId,
    technical_name: 'foreign',
  });
  names.set('foreign segment', foreignSegmentId);
  names.set('foreign segment name', 'foreign');

  return {
    datamartId,
    names,
    catalogue: () => ({ defaultCompartment: standard.compartment_id, compartments, segments }),
    importable: () => segments.filter((segment) => segment.importable).map((segment) => segment.id),
    setPaused,
    async replaceSegment(name) {
      const { id, technicalName, defaultTtlMs } = await removeSegment(name);
      await addSegment(name, { technical_name: technicalName, default_ttl: defaultTtlMs });
      return id;
    },
    archiveDefaultCompartment: () => archive('default'),
  };
}

async function createDatamart(client: Client, name: string): Promise<string> {
  const { id } = await dataOf<{ id: string }>(
    client.call('POST', '/v1/datamarts', {
      organisation_id: '1',
      name,
      token: name,
      time_zone: 'Europe/Paris',
    }),
  );
  return id;
}
