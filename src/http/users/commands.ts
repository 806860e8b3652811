import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { REJECTION_CODES } from '../../model/command.ts';
import type { AnsweredCall, CallKey, MakeSegments } from '../../model/command-call.ts';
import type { Datamart } from '../../model/datamart.ts';
import { type CreatedSegment, MAX_NEW_SEGMENTS } from '../../model/execution.ts';
import { IMPORTED_SEGMENT } from '../../model/segment.ts';
import { authorOf, findDatamart } from '../access.ts';
import { ok } from '../answers.ts';
import {
  answersWith,
  Count,
  DatamartParams,
  ErrorAnswer,
  Id,
  IdempotencyHeaders,
  Instant,
  nullOr,
  oneOf,
  readIdempotencyKey,
} from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';

const MOST_COMMANDS = 1_000;

const text = 'a text, or a whole number';
/**
 * Not validated here, and so without types: the reader of lines says what is wrong, with each
 * command by itself.
 */
const Command = Type.Unsafe<unknown>({
  description: 'an object, like a line of an NDJSON file',
  properties: {
    operation: { description: 'UPDATE or DELETE' },
    user_account_id: { description: `${text}; one identifier in each command` },
    compartment_id: { description: `of the account: ${text}; the default one when it is absent` },
    compartment_token: { description: 'the token of the compartment, in place of its id' },
    email_hash: { description: text },
    user_agent_id: { description: text },
    segment_id: { description: `${text}; at least one segment in each command` },
    segment_ids: { description: `a list of ids` },
    segment_technical_name: { description: 'a text' },
    segment_technical_names: { description: 'a list of texts' },
    expiration_duration: { description: 'whole minutes from start_date; 0: never' },
    expiration_ts: { description: 'ms since the epoch; 0: never. Wins over expiration_duration' },
    data_bag: { description: 'a JSON object, or the same as text' },
  },
});
const Body = Type.Object({
  commands: Type.Array(Command, {
    minItems: 1,
    maxItems: MOST_COMMANDS,
    description: 'executed from top to bottom',
  }),
});
const Query = Type.Object({
  dry_run: Type.Optional(
    Type.Boolean({ description: 'true: check and count everything, but write nothing' }),
  ),
  create_missing_segments: Type.Optional(
    Type.Boolean({
      description: `true: create a segment (USER_LIST, FILE_IMPORT) for each technical name that does not exist and that a valid command names; at most ${MAX_NEW_SEGMENTS} per call. A dry run lists them and creates none`,
    }),
  ),
});

const Outcome = Type.Object({
  index: Type.Integer({ minimum: 0, description: 'of the command, from 0 on' }),
  outcome: oneOf(['SUCCESS', 'FAILURE']),
  error_code: Type.Optional(oneOf(REJECTION_CODES)),
  error_message: Type.Optional(Type.String()),
});
const CallView = Type.Object({
  start_date: { ...Instant, description: 'the time of these commands; ms since the epoch' },
  dry_run: Type.Optional(Type.Literal(true)),
  total_success: Count,
  total_failure: Count,
  failures_by_code: Type.Record(Type.String(), Count),
  warnings: Type.Record(Type.String(), Count, {
    description: 'warnings by code',
  }),
  memberships_created: Count,
  memberships_updated: Count,
  memberships_deleted: Count,
  unchanged: Count,
  superseded: Count,
  user_points_created: Count,
  segments_created: Type.Optional(
    Type.Array(
      Type.Object({
        segment_id: nullOr(Id, { description: 'null: the segment does not exist and would be created' }),
        technical_name: Type.String(),
      }),
      { description: 'with create_missing_segments: the created segments, in the order of the commands' },
    ),
  ),
  outcomes: Type.Array(Outcome, { description: 'of each command, in their order' }),
});

/** `POST …/user_segment_commands`: commands that are applied when the answer comes (spec §8). */
export function userSegmentCommandRoutes(app: App, dependencies: HttpDependencies): void {
  const schema = {
    tags: ['users'],
    summary: `Applies up to ${MOST_COMMANDS.toLocaleString('en-US')} user segment commands at once`,
    description:
      'Commands follow the rules and codes of a line of an NDJSON file. When the answer comes, they are durable and visible to look-ups. A failed command does not stop the others.',
    params: DatamartParams,
    headers: IdempotencyHeaders,
    querystring: Query,
    body: Body,
    response: {
      ...answersWith(CallView),
      503: {
        ...ErrorAnswer,
        description:
          'COMMANDS_OVERLOADED: too many calls are waiting (maxCommandCalls), or this one did not start in time (commandWaitMs). None of its commands was applied',
        headers: { 'Retry-After': { type: 'integer', description: 'seconds' } },
      },
    },
  };
  const config = { role: 'editor', keepsText: true, leavesTexts: true } as const;
  const path = '/datamarts/:datamartId/user_segment_commands';
  app.post(path, { config, schema }, async (request, reply) => {
    const datamart = await findDatamart({ request, dependencies }, request.params.datamartId);
    const { dry_run: isDryRun = false, create_missing_segments: makesSegments = false } = request.query;
    const key = readKey(request);
    const answer = await dependencies.applyCommands(
      {
        ...{ datamartId: datamart.id, text: request.bodyText },
        makeSegments: makesSegments ? segmentMaker(request, { datamart, dependencies }) : null,
        ...(isDryRun ? ({ purpose: 'COUNT', key: null } as const) : ({ purpose: 'APPLY', key } as const)),
      },
      () => request.raw.socket.destroyed,
    );
    if (answer.isReplayed) reply.header('Idempotent-Replayed', 'true');
    return ok({
      ...viewCall(answer),
      ...(isDryRun ? { dry_run: true as const } : {}),
      ...(makesSegments ? { segments_created: answer.segmentsCreated.map(viewCreated) } : {}),
    });
  });
}

/** Makes segments as a file that names them does, under the name of the caller. */
function segmentMaker(
  request: FastifyRequest,
  { datamart, dependencies }: { readonly datamart: Datamart; readonly dependencies: HttpDependencies },
): MakeSegments {
  const { store, clock } = dependencies;
  const { id: datamartId, organisationId } = datamart;
  return async (technicalNames) => {
    const created: CreatedSegment[] = [];
    for (const technicalName of technicalNames) {
      const segment = await store.segments.create(
        {
          ...IMPORTED_SEGMENT,
          ...{ organisationId, datamartId, name: technicalName, technicalName, now: clock() },
        },
        authorOf(request, dependencies),
      );
      if (segment !== 'TECHNICAL_NAME_TAKEN') created.push({ segmentId: segment.id, technicalName });
    }
    return created;
  };
}

function viewCreated({ segmentId, technicalName }: CreatedSegment) {
  return { segment_id: segmentId, technical_name: technicalName };
}

function readKey(request: FastifyRequest): CallKey | null {
  const key = readIdempotencyKey(request);
  if (key === undefined) return null;
  const hash = createHash('sha256').update(key.parameters).update('\n').update(request.bodyText);
  return { value: key.value, fingerprint: hash.digest('hex') };
}

function viewCall({
  startDate,
  successes,
  failed,
  warnings,
  effects,
}: AnsweredCall): Static<typeof CallView> {
  const failures: Record<string, number> = {};
  for (const { code } of failed) failures[code] = (failures[code] ?? 0) + 1;
  return {
    start_date: startDate,
    total_success: successes,
    total_failure: failed.length,
    failures_by_code: failures,
    warnings: warnings as Record<string, number>,
    memberships_created: effects.membershipsCreated,
    memberships_updated: effects.membershipsUpdated,
    memberships_deleted: effects.membershipsDeleted,
    unchanged: effects.unchanged,
    superseded: effects.superseded,
    user_points_created: effects.userPointsCreated,
    outcomes: outcomesOf(successes + failed.length, failed),
  };
}

function outcomesOf(commands: number, failed: AnsweredCall['failed']): Static<typeof CallView>['outcomes'] {
  const byIndex = new Map(failed.map((each) => [each.index, each]));
  return Array.from({ length: commands }, (_, index) => {
    const failure = byIndex.get(index);
    if (failure === undefined) return { index, outcome: 'SUCCESS' as const };
    const { code: error_code, message: error_message } = failure;
    return { index, outcome: 'FAILURE' as const, error_code, error_message };
  });
}
