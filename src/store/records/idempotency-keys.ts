import { createHash } from 'node:crypto';
import { type Execution, type IdempotencyKey, KEY_LIFE_MS } from '../../model/execution.ts';
import type { Upload } from '../execution-records.ts';
import { literal, parameters, type Row, type Sql } from './database.ts';

/** An execution that was made under a key, and the other parameters it was made with. */
type Earlier = { readonly execution: Execution; readonly parameters: string };
type Made = Execution | 'KEY_REUSED' | null;

/**
 * An upload as its key is kept: by hash, with the parameters it came with, since senders make keys
 * of whatever they have, also of whom a file is about. `clear` is the key as versions before kept
 * it.
 */
type HashedUpload = Omit<Upload, 'key'> & {
  readonly key?: IdempotencyKey & { readonly clear: string };
};

/** Marks what is a hash; keys without it were kept by a version before, for a day. */
const HASHED = 'sha256:';

function hashOf(text: string): string {
  return HASHED + createHash('sha256').update(text).digest('hex');
}

/** The hash of what a row has. */
function keptHash(text: string): string {
  return text.startsWith(HASHED) ? text : hashOf(text);
}

function withHashedKey({ key, ...upload }: Upload): HashedUpload {
  if (key === undefined) return upload;
  const { value, parameters } = key;
  return { ...upload, key: { value: hashOf(value), parameters: hashOf(parameters), clear: value } };
}

/**
 * Makes an execution of each upload whose key is new or that has none; one whose key is known gets
 * the execution of the first. In the transaction of the executions, so that of uploads at the same
 * time one is the first, and a crash leaves both or neither.
 */
export async function createOnce(
  sql: Sql,
  given: readonly Upload[],
  records: {
    readonly insert: (uploads: readonly Upload[]) => Promise<readonly (Execution | null)[]>;
    readonly get: (id: string) => Promise<Execution | null>;
  },
): Promise<readonly Made[]> {
  if (given.every(({ key }) => key === undefined)) return records.insert(given);
  const uploads = given.map(withHashedKey);
  const earlier = await readKeys(sql, uploads, records.get);
  const first = new Map<string, HashedUpload>();
  const fresh = uploads.filter((upload) => {
    const name = nameOf(upload);
    if (name === null) return true;
    if (earlier.has(name) || first.has(name)) return false;
    first.set(name, upload);
    return true;
  });
  const inserted = fresh.length === 0 ? [] : await records.insert(fresh);
  const made = new Map(fresh.map((upload, i) => [upload, inserted[i] ?? null]));
  for (const [name, upload] of first) {
    const execution = made.get(upload);
    if (!execution || upload.key === undefined) continue;
    await storeKey(sql, upload, execution.id);
    earlier.set(name, { execution, parameters: upload.key.parameters });
  }
  return uploads.map((upload) => {
    const own = made.get(upload);
    if (own !== undefined) return own;
    const before = earlier.get(nameOf(upload) ?? '');
    if (before === undefined) return null;
    const isSame =
      before.parameters === upload.key?.parameters &&
      before.execution.document.sha256 === upload.document.sha256;
    return isSame ? before.execution : 'KEY_REUSED';
  });
}

/** Forgets keys that were given before an instant; resolves to how many. */
export async function removeKeysBefore(sql: Sql, instant: number): Promise<number> {
  const removed = await sql.query(
    `delete from idempotency_key where creation_date <= ${literal(instant)} returning execution_id`,
  );
  return removed.length;
}

/**
 * What there is under the keys of some uploads. Keys that have had their time, or whose execution
 * is gone, are removed.
 */
async function readKeys(
  sql: Sql,
  uploads: readonly HashedUpload[],
  get: (id: string) => Promise<Execution | null>,
): Promise<Map<string, Earlier>> {
  const given = parameters();
  const values = uploads.flatMap(({ key }) =>
    key === undefined ? [] : [given.add(key.value), given.add(key.clear)],
  );
  const rows = await sql.query(
    `select * from idempotency_key where key_value in (${values.join(', ')})`,
    given.values,
  );
  const now = Math.max(...uploads.map(({ creationDate }) => creationDate));
  const earlier = new Map<string, Earlier>();
  for (const row of rows) {
    const execution =
      Number(row.creation_date) > now - KEY_LIFE_MS ? await get(String(row.execution_id)) : null;
    if (execution === null) await removeKey(sql, row);
    else earlier.set(rowName(row), { execution, parameters: keptHash(String(row.parameters)) });
  }
  return earlier;
}

/** A key is one of an import, or of a segment: others may use the same. */
function nameOf({ job, key }: HashedUpload): string | null {
  if (key === undefined) return null;
  return JSON.stringify([job.type, ownerOf(job), key.value]);
}

function rowName(row: Row): string {
  return JSON.stringify([String(row.job_type), String(row.owner_id), keptHash(String(row.key_value))]);
}

function ownerOf(job: Upload['job']): string {
  return job.type === 'DOCUMENT_IMPORT' ? job.documentImportId : job.segmentId;
}

async function storeKey(
  sql: Sql,
  { job, key, creationDate }: HashedUpload,
  executionId: string,
): Promise<void> {
  await sql.query(
    `insert into idempotency_key (job_type, owner_id, key_value, parameters, execution_id, creation_date)
     values ($1, ${literal(ownerOf(job))}, $2, $3, ${literal(executionId)}, ${literal(creationDate)})`,
    [job.type, key?.value ?? '', key?.parameters ?? ''],
  );
}

async function removeKey(sql: Sql, row: Row): Promise<void> {
  await sql.query(
    `delete from idempotency_key where job_type = $1 and owner_id = ${literal(String(row.owner_id))} and key_value = $2`,
    [String(row.job_type), String(row.key_value)],
  );
}
