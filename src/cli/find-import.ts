import type { ApiDocumentImport } from './api.ts';
import type { Client } from './client.ts';
import { COMPARED, didYouMean } from './did-you-mean.ts';
import { CliError } from './failures.ts';

/** The document import with that id, or the one with that name. */
export async function findImport(
  client: Client,
  datamart: string,
  wanted: string,
): Promise<ApiDocumentImport> {
  const base = `${datamart}/document_imports`;
  if (/^\d+$/.test(wanted)) return client.get<ApiDocumentImport>(`${base}/${wanted}`);
  const all = await client.listAll<ApiDocumentImport>(base, { keywords: wanted });
  const [found, another] = all.filter((candidate) => candidate.name === wanted);
  if (found === undefined) {
    const others = await client.listFirst<ApiDocumentImport>(base, COMPARED);
    const hint = didYouMean(
      wanted,
      others.elements.map(({ name }) => name),
    );
    throw new CliError(`no document import is named ${JSON.stringify(wanted)}${hint}`);
  }
  if (another !== undefined)
    throw new CliError(`several document imports are named ${JSON.stringify(wanted)}: use the id of one`);
  return found;
}
