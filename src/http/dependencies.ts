import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Documents } from '../documents/documents.ts';
import type { EventLoopLag } from '../event-loop-lag.ts';
import type { FairTurns } from '../fair-turns.ts';
import type { LookUpTimes } from '../look-up-times.ts';
import type { Catalogue } from '../model/catalogue.ts';
import type { Rejection } from '../model/command.ts';
import type { AnsweredCall, CommandCall } from '../model/command-call.ts';
import type { Identifier } from '../model/identifier.ts';
import type { Pace } from '../pace.ts';
import type { ProgressBoard } from '../progress-board.ts';
import type { Store } from '../store/store.ts';
import type { Admission } from './admission.ts';
import type { EventStreams } from './event-streams.ts';
import type { LookUpGate } from './look-up-gate.ts';

/** What the HTTP layer is made of; assembled by `service.ts`, and by tests. */
export type HttpDependencies = {
  readonly store: Store;
  readonly documents: Documents;
  readonly config: Config;
  readonly logger: Logger;
  /** ms since the epoch. */
  readonly clock: () => number;
  /** Tells the runner that there is something to do. Never waits. */
  readonly wakeRunner: () => void;
  /** Tells the runner that a cancel of an execution was noted. Never waits. */
  readonly noticeCancel: (executionId: string) => void;
  /** Tells that a user was erased: the files that are kept are to be gone through. Never waits. */
  readonly wakeEraser: () => void;
  /** Tells that there is an export to be made. Never waits. */
  readonly wakeExporter: () => void;
  /** Tells that there is an overlap analysis to be made. Never waits. */
  readonly wakeAnalyzer: () => void;
  /** Tells that a run of a source was asked for. Never waits. */
  readonly wakePuller: () => void;
  /** How far the executions are that this node runs, between their checkpoints. */
  readonly progress: Pick<ProgressBoard, 'runs'>;
  /** Files of exports are made one at a time, by datamart. */
  readonly exportTurns: FairTurns;
  /** The streams of events of executions. */
  readonly eventStreams: EventStreams;
  /** Reads the identifier in the text of a body, by the rules of a line of a file. */
  readonly readIdentifier: (text: string, catalogue: Catalogue) => Identifier | Rejection;
  /**
   * Applies commands that come without a file. A call that `isGone` tells is for nobody any more is
   * not begun.
   */
  readonly applyCommands: (call: CommandCall, isGone?: () => boolean) => Promise<AnsweredCall>;
  /** Whether another upload may come in. */
  readonly admission: Admission;
  /** Look-ups have to pass it. */
  readonly lookUpGate: LookUpGate;
  /** How long look-ups of one user take, as their clients feel it. */
  readonly lookUpTimes: LookUpTimes;
  readonly eventLoopLag: Pick<EventLoopLag, 'current'>;
  /** Whether imports are held back for look-ups. */
  readonly pace: Pick<Pace, 'state'>;
};
