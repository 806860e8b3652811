import type { ApiSegment } from './api.ts';
import type { Client } from './client.ts';
import { COMPARED, didYouMean } from './did-you-mean.ts';
import { CliError } from './failures.ts';

/** The segment of that technical name; where there is none, of that id. */
export async function findSegment(client: Client, datamart: string, wanted: string): Promise<ApiSegment> {
  const datamartId = datamart.split('/').at(-1);
  const query = { datamart_id: datamartId, technical_name: wanted };
  const [byName] = (await client.list<ApiSegment>('/audience_segments', query)).data;
  if (byName !== undefined) return byName;
  if (/^\d+$/.test(wanted)) return client.get<ApiSegment>(`/audience_segments/${wanted}`);
  const { elements } = await client.listFirst<ApiSegment>('/audience_segments', COMPARED, {
    datamart_id: datamartId,
  });
  const names = elements.flatMap(({ technical_name }) => technical_name ?? []);
  throw new CliError(
    `no segment has the technical name ${JSON.stringify(wanted)}${didYouMean(wanted, names)}`,
  );
}
