import type { ApiDocumentImport, ApiExecution, ApiSegment } from '../api.ts';
import { defaultDatamart, openClient } from '../connection.ts';
import { readProfiles } from '../profiles.ts';

/** How many of them are offered. */
const MAX_NAMES = 200;
/** Somebody waits for the answer with a finger on the key. */
const PATIENCE_MS = 1_500;

type Names = readonly (readonly [word: string, meaning: string])[];

/**
 * The names of things that there are, by what an argument or flag is called; none where they cannot
 * be had in time.
 */
export async function namesFor(what: string, words: readonly string[]): Promise<Names> {
  if (what === 'profile') return profileNames();
  const late = new Promise<Names>((resolve) => {
    setTimeout(() => resolve([]), PATIENCE_MS).unref();
  });
  return Promise.race([listNames(what, words), late]).catch(() => []);
}

function profileNames(): Names {
  return Object.entries(readProfiles().profiles).map(([name, { url }]) => [name, url]);
}

async function listNames(what: string, words: readonly string[]): Promise<Names> {
  if (!['segment', 'import', 'execution'].includes(what)) return [];
  const given = {
    url: flagValue('--url', words),
    token: flagValue('--token', words),
    profile: flagValue('--profile', words),
  };
  const client = openClient(given);
  const datamart = flagValue('--datamart', words) ?? defaultDatamart(given);
  const base = `/datamarts/${datamart}`;
  switch (what) {
    case 'segment': {
      const query = { datamart_id: datamart, order_by: 'name' };
      const { elements } = await client.listFirst<ApiSegment>('/audience_segments', MAX_NAMES, query);
      return elements.map(({ id, name, technical_name }) => [technical_name ?? id, name]);
    }
    case 'import': {
      const { elements } = await client.listFirst<ApiDocumentImport>(`${base}/document_imports`, MAX_NAMES);
      return elements.map(({ name, id }) => [name, `document import ${id}`]);
    }
    default: {
      const { elements } = await client.listFirst<ApiExecution>(`${base}/executions`, MAX_NAMES);
      return elements.map(({ id, status, result }) => [id, `${status} ${result?.input_file_name ?? ''}`]);
    }
  }
}

function flagValue(flag: string, words: readonly string[]): string | undefined {
  const at = words.indexOf(flag);
  return at === -1 ? undefined : words[at + 1];
}
