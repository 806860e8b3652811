import { createHash } from 'node:crypto';
import type { CallAnswer } from '../../model/command-call.ts';
import { type Effects, KEY_LIFE_MS } from '../../model/execution.ts';
import type { CallsOutcome, StagedCall, StagedCalls } from '../merges.ts';
import { literal, parameters, type Row, type Sql, textOrNull } from './database.ts';

/** What is told of a failed command whose message was forgotten. */
const FORGOTTEN = 'the reason is no longer stored, because a user was erased since';

/** Keys are kept by hash, since senders make them of whatever they have. */
function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** Why calls may not be merged as they are; null: they may. For the transaction of their merge. */
export async function checkCalls(
  sql: Sql,
  { datamartId, catalogueVersion, startDate, calls }: StagedCalls,
  removedUpTo: number,
): Promise<Exclude<CallsOutcome, { type: 'MERGED' }> | null> {
  const [row] = await sql.query(`select catalogue_version from datamart where id = ${literal(datamartId)}`);
  // what had expired then is removed, and must not be taken for live
  if (Number(row?.catalogue_version) !== catalogueVersion || startDate < removedUpTo)
    return { type: 'STALE', startFrom: removedUpTo };
  const answers = await findAnswers(sql, { datamartId, calls, now: startDate });
  return answers.size === 0 ? null : { type: 'ANSWERED', answers };
}

async function findAnswers(
  sql: Sql,
  of: { readonly datamartId: string; readonly calls: readonly StagedCall[]; readonly now: number },
): Promise<ReadonlyMap<number, CallAnswer | 'KEY_REUSED'>> {
  const positions = new Map(
    of.calls.flatMap(({ key }, position) => (key === null ? [] : [[hashOf(key.value), position] as const])),
  );
  const answers = new Map<number, CallAnswer | 'KEY_REUSED'>();
  if (positions.size === 0) return answers;
  const given = parameters();
  const keys = [...positions.keys()].map((key) => given.add(key)).join(', ');
  const rows = await sql.query(
    `select key_value, fingerprint, answer, messages from command_answer
     where datamart_id = ${literal(of.datamartId)} and key_value in (${keys})
       and creation_date > ${literal(Math.trunc(of.now - KEY_LIFE_MS))}`,
    given.values,
  );
  for (const row of rows) {
    const position = positions.get(String(row.key_value));
    if (position === undefined) continue;
    const isSame = of.calls[position]?.key?.fingerprint === row.fingerprint;
    answers.set(position, isSame ? toAnswer(row) : 'KEY_REUSED');
  }
  return answers;
}

/** Remembers the answers of the calls that have a key; for the transaction of their merge. */
export async function storeAnswers(
  sql: Sql,
  { datamartId, startDate, calls }: StagedCalls,
  effects: readonly Effects[],
): Promise<void> {
  const given = parameters();
  const rows = calls.flatMap(({ key, answer }, position) => {
    if (key === null) return [];
    const { failed, ...rest } = answer;
    const kept = { ...rest, failed: failed.map(({ index, code }) => ({ index, code })) };
    const messages = failed.length === 0 ? null : JSON.stringify(failed.map(({ message }) => message));
    const texts = [
      hashOf(key.value),
      key.fingerprint,
      JSON.stringify({ ...kept, effects: effects[position] }),
      messages,
    ].map((text) => `cast(${given.add(text)} as text)`);
    return [`(${[literal(datamartId), ...texts, literal(Math.trunc(startDate))].join(', ')})`];
  });
  if (rows.length === 0) return;
  await sql.query(
    `insert into command_answer (datamart_id, key_value, fingerprint, answer, messages, creation_date)
     values ${rows.join(', ')}`,
    given.values,
  );
}

const HOUR_MS = 3_600_000;

/**
 * Counts the commands of calls by the hour; for the transaction of their merge, which no other of
 * the datamart is beside.
 */
export async function countCommands(sql: Sql, { datamartId, startDate, calls }: StagedCalls): Promise<void> {
  const applied = calls.reduce((sum, { answer }) => sum + answer.successes, 0);
  const failed = calls.reduce((sum, { answer }) => sum + answer.failed.length, 0);
  const hour = literal(Math.floor(startDate / HOUR_MS) * HOUR_MS);
  const [counted] = await sql.query(
    `update command_hour set applied = applied + ${literal(applied)}, failed = failed + ${literal(failed)}
     where datamart_id = ${literal(datamartId)} and hour_start = ${hour} returning hour_start`,
  );
  if (counted !== undefined) return;
  await sql.query(
    `insert into command_hour (datamart_id, hour_start, applied, failed)
     values (${literal(datamartId)}, ${hour}, ${literal(applied)}, ${literal(failed)})`,
  );
}

function toAnswer(row: Row): CallAnswer {
  const answer = JSON.parse(String(row.answer)) as CallAnswer;
  const text = textOrNull(row.messages);
  const messages = text === null ? [] : (JSON.parse(text) as readonly string[]);
  const failed = answer.failed.map((each, i) => ({ ...each, message: messages[i] ?? FORGOTTEN }));
  return { ...answer, failed };
}

/** Forgets answers that were given at an instant or before; resolves to how many. */
export async function removeAnswersBefore(sql: Sql, instant: number): Promise<number> {
  const removed = await sql.query(
    `delete from command_answer where creation_date <= ${literal(Math.trunc(instant))} returning datamart_id`,
  );
  return removed.length;
}

/** Forgets what was wrong with commands of a datamart: it may quote whom they were about. */
export async function forgetMessages(sql: Sql, datamartId: string): Promise<void> {
  await sql.query(
    `update command_answer set messages = null
     where datamart_id = ${literal(datamartId)} and messages is not null`,
  );
}
