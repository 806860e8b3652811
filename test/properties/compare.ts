import assert from 'node:assert/strict';
import {
  type Client,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  getSegment,
  type MembershipAnswer,
  membershipsOf,
} from '../client.ts';
import { isLive, type Model, type ModelOutcome } from '../model/model.ts';
import type { ModelIdentifier } from '../model/read-command.ts';
import type { World } from './world.ts';

/** A datamart of a service and what the model says of it. */
export type Scene = { readonly client: Client; readonly world: World; readonly model: Model };

type FailedLine = { readonly line: number; readonly code: string };

/** Compares line by line, so that a difference is told with the line it is about. */
export function compareErrors(
  actual: readonly FailedLine[],
  expected: readonly FailedLine[],
  file: Buffer,
): void {
  const actualByLine = new Map(actual.map(({ line, code }) => [line, code]));
  const expectedByLine = new Map(expected.map(({ line, code }) => [line, code]));
  for (const line of [...expectedByLine.keys(), ...actualByLine.keys()]) {
    const [came, wanted] = [actualByLine.get(line), expectedByLine.get(line)];
    if (came === wanted) continue;
    const text = file
      .toString()
      .split('\n')
      .slice(line - 1)
      .join('\n')
      .slice(0, 2_000);
    assert.fail(
      `line ${line}: expected ${wanted ?? 'no error'}, got ${came ?? 'none'}. From there on:\n${text}`,
    );
  }
  const lines = actual.map(({ line }) => line);
  assert.deepEqual(lines, [...expectedByLine.keys()], 'each failed line once, in ascending order');
}

/** The counts of an execution that has ended. */
export function compareCounts(
  { num_tasks, erroneous_tasks, result }: ExecutionAnswer,
  { notApplied = 0, kept = 0, ...outcome }: ModelOutcome & { readonly notApplied?: number },
): void {
  const failuresByCode: Record<string, number> = {};
  for (const { code } of outcome.failures) failuresByCode[code] = (failuresByCode[code] ?? 0) + 1;
  assert.deepEqual(
    {
      tasks: num_tasks,
      erroneous: erroneous_tasks,
      successes: result.total_success,
      failures: result.total_failure,
      notApplied: result.not_applied,
      kept: result.memberships_kept ?? 0,
      failuresByCode: { ...result.failures_by_code },
      pairs:
        result.memberships_created +
        result.memberships_updated +
        result.memberships_deleted +
        result.unchanged +
        result.superseded,
      userPointsCreated: result.user_points_created,
    },
    {
      tasks: outcome.successes + outcome.failures.length + notApplied,
      erroneous: outcome.failures.length,
      successes: outcome.successes,
      failures: outcome.failures.length,
      notApplied,
      kept,
      failuresByCode,
      pairs: outcome.pairs,
      userPointsCreated: outcome.userPointsCreated,
    },
  );
}

type ListedWarning = { readonly line: number | null; readonly code: string; readonly field: string | null };

/**
 * The warnings of an execution: all are counted, and the first 20 lines of each code are listed.
 */
export async function compareWarnings(
  client: Client,
  execution: ExecutionAnswer,
  expected: readonly ListedWarning[],
): Promise<void> {
  const counts: Record<string, number> = {};
  for (const { code } of expected) counts[code] = (counts[code] ?? 0) + 1;
  assert.deepEqual(execution.result.warnings, counts);
  const { datamart_id, document_import_id } = execution.parameters;
  const of = { datamartId: String(datamart_id), documentImportId: String(document_import_id) };
  const path = `${executionsPath(of)}/${execution.id}/warnings?max_results=1000`;
  const listed = await dataOf<(ListedWarning & { message: string })[]>(client.call('GET', path));
  const first = Object.keys(counts).flatMap((code) =>
    expected.filter((warning) => warning.code === code).slice(0, 20),
  );
  // names of one line are in no order
  const texts = (warnings: readonly ListedWarning[]) =>
    warnings.map(({ line, code, field }) => `${code} ${line} ${field}`).sort();
  assert.deepEqual(texts(listed), texts(first));
  for (const { message } of listed) assert.ok(message.length > 0, 'a warning without a message');
}

/** Users whom no command that counts has ever named. */
const NOBODY: readonly ModelIdentifier[] = [
  { kind: 'USER_EMAIL', compartment: null, value: 'nobody' },
  { kind: 'USER_AGENT', compartment: null, value: 'u2' },
  { kind: 'USER_EMAIL', compartment: null, value: 'H2' },
];

/**
 * Every user of the model has in the service what he has in the model, and nobody else has
 * anything.
 */
export async function compareUsers({ client, world, model }: Scene): Promise<void> {
  for (const identifier of [...model.identifiers(), ...NOBODY]) {
    const user = model.find(identifier);
    const before = Date.now();
    const actual = await membershipsOf(client, selectorOf(identifier), world.datamartId);
    const after = Date.now();
    const label = JSON.stringify(identifier);
    if (user === null) {
      assert.equal(actual, null, `${label} is not known`);
      continue;
    }
    assert.ok(actual !== null, `${label} is known`);
    const actualById = new Map(actual.map((membership) => [membership.segment_id, comparable(membership)]));
    for (const [segmentId, membership] of user.memberships) {
      // One that expires while it is read may be there or not.
      if (isLive(membership, before) && !isLive(membership, after)) actualById.delete(segmentId);
    }
    const expected = [...user.memberships].filter(([, membership]) => isLive(membership, after));
    assert.deepEqual(
      Object.fromEntries(actualById),
      Object.fromEntries(expected),
      `memberships of ${label} in datamart ${world.datamartId}`,
    );
    await compareIdentifiers(client, { world, model, identifier });
  }
}

function comparable(membership: MembershipAnswer) {
  return {
    creationTs: membership.creation_ts,
    lastModifiedTs: membership.last_modified_ts,
    expirationTs: membership.expiration_ts,
    dataBag: membership.data_bag,
  };
}

type IdentifierAnswer =
  | { readonly type: 'USER_POINT'; readonly creation_ts: number }
  | { readonly type: 'USER_ACCOUNT'; readonly user_account_id: string; readonly compartment_id: string }
  | { readonly type: 'USER_EMAIL'; readonly hash: string }
  | { readonly type: 'USER_AGENT'; readonly vector_id: string };

async function compareIdentifiers(
  client: Client,
  { world, model, identifier }: { world: World; model: Model; identifier: ModelIdentifier },
): Promise<void> {
  const user = model.find(identifier);
  const answers = await dataOf<IdentifierAnswer[]>(
    client.call('GET', `/v1/datamarts/${world.datamartId}/user_identifiers/${selectorOf(identifier)}`),
  );
  const [point, ...rest] = answers;
  assert.equal(point?.type, 'USER_POINT');
  assert.equal(point.creation_ts, user?.creationTs, `creation of ${JSON.stringify(identifier)}`);
  const sorted = (texts: readonly string[]) => [...texts].sort();
  assert.deepEqual(
    sorted(rest.map((answer) => JSON.stringify(identifierOf(answer)))),
    sorted((user?.identifiers ?? []).map((known) => JSON.stringify(known))),
  );
}

function identifierOf(answer: IdentifierAnswer): ModelIdentifier {
  if (answer.type === 'USER_ACCOUNT')
    return { kind: 'USER_ACCOUNT', compartment: answer.compartment_id, value: answer.user_account_id };
  if (answer.type === 'USER_EMAIL') return { kind: 'USER_EMAIL', compartment: null, value: answer.hash };
  assert.equal(answer.type, 'USER_AGENT');
  return { kind: 'USER_AGENT', compartment: null, value: (answer as { vector_id: string }).vector_id };
}

export function selectorOf({ kind, compartment, value }: ModelIdentifier): string {
  const encoded = encodeURIComponent(value);
  if (kind === 'USER_EMAIL') return `email_hash=${encoded}`;
  if (kind === 'USER_AGENT') return `user_agent_id=${encoded}`;
  return `compartment_id=${compartment},user_account_id=${encoded}`;
}

export async function compareSizes({ client, world, model }: Scene): Promise<void> {
  for (const id of world.importable()) {
    const before = model.sizeOf(id, Date.now());
    const segment = await getSegment(client, id);
    const after = model.sizeOf(id, Date.now());
    const actual = {
      userPoints: segment.user_points_count,
      userAccounts: segment.user_accounts_count,
      emails: segment.emails_count,
      userAgents: segment.user_agents_count,
    };
    // Members can only leave while nothing is imported: the truth lies between the two.
    for (const part of ['userPoints', 'userAccounts', 'emails', 'userAgents'] as const) {
      assert.ok(
        actual[part] <= before[part] && actual[part] >= after[part],
        `${part} of segment ${id}: expected ${after[part]} to ${before[part]}, got ${actual[part]}`,
      );
    }
  }
}
