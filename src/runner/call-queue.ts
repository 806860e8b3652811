import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { ServiceError, StoreLostError } from '../errors.ts';
import { kindOfFault } from '../faults.ts';
import { importCalls, type LinesOfCall } from '../import/import-calls.ts';
import { readCommands } from '../import/read-body.ts';
import type { AnsweredCall, CommandCall } from '../model/command-call.ts';
import type { Store } from '../store/store.ts';
import { inSpan, outsideTraces } from '../tracing.ts';
import {
  type CallRefusal,
  countCallMerge,
  countCallRefusal,
  noteCalls,
  observeCall,
} from './call-metrics.ts';
import { observeReaderTrap } from './import-metrics.ts';

/** Calls that are applied in one step at most: others wait meanwhile. */
const GROUP = { calls: 256, bytes: 1024 * 1024 } as const;
/** Of all calls that wait or are being applied, as lines of NDJSON. */
const MOST_BYTES = 64 * 1024 * 1024;
/**
 * No datamart has more than this share of the calls, so that one that sends too many keeps no other
 * out.
 */
const DATAMART_SHARE = 3 / 4;
/**
 * After a group its callers send their next calls. Without a wait the first of them would be a
 * group by itself, or those that waited meanwhile would, and all others wait for them. As a share
 * of the time that the group took, and at most.
 */
const GATHER = { share: 1 / 4, ms: 50 } as const;

type Waiting = LinesOfCall &
  Pick<CommandCall, 'datamartId' | 'purpose'> & {
    readonly isGone: () => boolean;
    readonly resolve: (answer: AnsweredCall) => void;
    readonly reject: (error: unknown) => void;
    timer?: NodeJS.Timeout;
  };

/**
 * The calls of a datamart, of which one group at a time is applied. `onCall` is told of each that
 * comes.
 */
type Lane = { waiting: Waiting[]; held: number; onCall?: (() => void) | undefined };

type Context = {
  readonly store: Store;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly limits: Pick<Config, 'maxCommandCalls' | 'commandWaitMs'>;
};

/**
 * Calls that come at the same time are merged together: a merge of one command costs as much as one
 * of a hundred.
 */
export class CallQueue {
  readonly #context: Context;
  readonly #lanes = new Map<string, Lane>();
  readonly #running = new Set<Promise<void>>();
  #held = 0;
  #bytes = 0;
  #isStopped = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * Applies the commands of a call; resolves when that is durable and look-ups see it. Calls of one
   * datamart are applied in the order in which they come. Throws `ServiceError` COMMANDS_OVERLOADED
   * or SHUTTING_DOWN where nothing of it was applied. A call that `isGone` tells is for nobody any
   * more is not begun.
   */
  async apply({ text, ...call }: CommandCall, isGone = () => false): Promise<AnsweredCall> {
    if (this.#isStopped) throw refusal('STOPPING', this.#context.limits);
    const start = performance.now();
    const answer = await new Promise<AnsweredCall>((resolve, reject) => {
      this.#enqueue({ ...call, lines: readCommands(text).lines, isGone, resolve, reject });
    });
    observeCall(answer, { ms: performance.now() - start, purpose: call.purpose });
    return answer;
  }

  /** Refuses calls that have not begun, and all that come. */
  stop(): void {
    this.#isStopped = true;
    for (const lane of this.#lanes.values())
      for (const call of lane.waiting) this.#refuse(lane, call, 'STOPPING');
  }

  /** Stops, and resolves when nothing is under way. */
  async close(): Promise<void> {
    this.stop();
    await Promise.all(this.#running);
  }

  /** Counts a call in, or out. */
  #hold(lane: Lane, call: LinesOfCall, sign: 1 | -1): void {
    lane.held += sign;
    this.#held += sign;
    this.#bytes += sign * call.lines.length;
    noteCalls(this.#held);
  }

  #refuse(lane: Lane, call: Waiting, reason: CallRefusal): void {
    clearTimeout(call.timer);
    lane.waiting = lane.waiting.filter((each) => each !== call);
    this.#hold(lane, call, -1);
    call.reject(refusal(reason, this.#context.limits));
  }

  #checkRoom(lane: Lane, { lines }: LinesOfCall): void {
    const { limits } = this.#context;
    const ofDatamart = Math.max(1, Math.floor(limits.maxCommandCalls * DATAMART_SHARE));
    const isFull = this.#held >= limits.maxCommandCalls || lane.held >= ofDatamart;
    if (isFull || this.#bytes + lines.length > MOST_BYTES) throw refusal('TOO_MANY', limits);
  }

  #enqueue(call: Waiting): void {
    const lane = this.#lanes.get(call.datamartId) ?? { waiting: [], held: 0 };
    this.#checkRoom(lane, call);
    this.#hold(lane, call, 1);
    lane.waiting.push(call);
    const { commandWaitMs } = this.#context.limits;
    call.timer = setTimeout(() => this.#refuse(lane, call, 'TOO_LATE'), commandWaitMs);
    lane.onCall?.();
    if (this.#lanes.has(call.datamartId)) return;
    this.#lanes.set(call.datamartId, lane);
    outsideTraces(() => {
      const run = this.#applyAll(call.datamartId, lane).finally(() => this.#running.delete(run));
      this.#running.add(run);
    });
  }

  /** Applies what there is of a datamart, group by group. Never throws. */
  async #applyAll(datamartId: string, lane: Lane): Promise<void> {
    // who calls in the same breath comes along
    await null;
    for (let group = this.#takeGroup(lane); group.length > 0; group = this.#takeGroup(lane)) {
      const beganAt = performance.now();
      await this.#applyGroup(group);
      for (const call of group) this.#hold(lane, call, -1);
      const callers = group.length + lane.waiting.length;
      if (callers > 1) await untilGathered(lane, callers, performance.now() - beganAt);
    }
    this.#lanes.delete(datamartId);
  }

  /**
   * Calls of one purpose that follow each other, no two with one key: the second is to find the
   * answer of the first.
   */
  #takeGroup(lane: Lane): readonly Waiting[] {
    const group: Waiting[] = [];
    const keys = new Set<string>();
    let groupBytes = 0;
    for (const call of [...lane.waiting]) {
      if (call.isGone()) {
        this.#refuse(lane, call, 'GONE');
        continue;
      }
      groupBytes += call.lines.length;
      const isFull = group.length >= GROUP.calls || groupBytes > GROUP.bytes;
      const isOther = call.purpose !== group[0]?.purpose || call.purpose === 'COUNT';
      if (group.length > 0 && (isFull || isOther)) break;
      if (call.key !== null && keys.has(call.key.value)) break;
      if (call.key !== null) keys.add(call.key.value);
      group.push(call);
    }
    for (const { timer } of group) clearTimeout(timer);
    lane.waiting = lane.waiting.slice(group.length);
    return group;
  }

  async #applyGroup(group: readonly Waiting[]): Promise<void> {
    try {
      settle(group, await this.#applyTogether(group));
    } catch (fault) {
      if (group.length === 1 || fault instanceof StoreLostError || kindOfFault(fault) !== null) {
        for (const { reject } of group) reject(fault);
        return;
      }
      const calls = group.length;
      this.#context.logger.warn({ err: fault, calls }, 'calls met a fault together, they are applied singly');
      for (const call of group) await this.#applyGroup([call]);
    }
  }

  async #applyTogether(group: readonly Waiting[]) {
    const { store, clock, logger } = this.#context;
    const { datamartId, purpose } = group[0] as Waiting;
    const of = { 'muster.datamart_id': datamartId, 'muster.calls': group.length };
    const job = { datamartId, purpose, calls: group, clock, onReaderTrap: observeReaderTrap(logger) };
    return inSpan('muster.calls', of, () => importCalls(job, store));
  }
}

/**
 * Resolves when as many calls wait as there were callers, or when that takes too long beside what a
 * group takes.
 */
async function untilGathered(lane: Lane, callers: number, groupMs: number): Promise<void> {
  const gathered = new AbortController();
  lane.onCall = () => {
    if (lane.waiting.length >= callers) gathered.abort();
  };
  lane.onCall();
  const ms = Math.min(groupMs * GATHER.share, GATHER.ms);
  await sleep(ms, undefined, { signal: gathered.signal }).catch(() => undefined);
  lane.onCall = undefined;
}

function settle(group: readonly Waiting[], answers: Awaited<ReturnType<typeof importCalls>>): void {
  countCallMerge();
  for (const [i, { resolve, reject }] of group.entries()) {
    const answer = answers[i];
    if (answer !== undefined && answer !== 'KEY_REUSED') resolve(answer);
    else
      reject(
        new ServiceError(
          'IDEMPOTENCY_KEY_REUSED',
          'this Idempotency-Key was already used for other commands or parameters: use a new key',
        ),
      );
  }
}

function refusal(reason: CallRefusal, { maxCommandCalls, commandWaitMs }: Context['limits']): ServiceError {
  countCallRefusal(reason);
  const why = {
    TOO_MANY: `too many calls of commands wait already (maxCommandCalls ${maxCommandCalls}, three quarters of it for one datamart): try again soon`,
    TOO_LATE: `the commands could not be begun within ${commandWaitMs} ms (commandWaitMs), and none was applied: try again soon`,
    GONE: 'the client has gone while its commands waited, and none was applied',
    STOPPING: 'the service is stopping, and none of the commands was applied: try again',
  };
  return new ServiceError(reason === 'STOPPING' ? 'SHUTTING_DOWN' : 'COMMANDS_OVERLOADED', why[reason]);
}
