import type { Rejection } from './command.ts';
import type { CreatedSegment, Effects } from './execution.ts';
import type { WarningCode } from './warning.ts';

/** User segment commands that come in a request, without a file (spec §8). */
export type CommandCall = {
  readonly datamartId: string;
  /**
   * The JSON text of an object with the list `commands`: what counts is how each command is
   * written.
   */
  readonly text: string;
  /** COUNT: a dry run. */
  readonly purpose: 'APPLY' | 'COUNT';
  /** Under which the answer is remembered for KEY_LIFE_MS; null: it is not. */
  readonly key: CallKey | null;
  /** Makes segments of technical names that there are none of; null: their commands fail. */
  readonly makeSegments: MakeSegments | null;
};

/** Resolves to those that it has made: somebody else may have made one meanwhile. */
export type MakeSegments = (technicalNames: readonly string[]) => Promise<readonly CreatedSegment[]>;

/** `fingerprint` tells apart requests under one key: it is of the body and of the parameters. */
export type CallKey = { readonly value: string; readonly fingerprint: string };

/** A command that was not applied; `index` counts from 0. */
export type FailedCommand = Rejection & { readonly index: number };

/** What became of the commands of a call. */
export type CallAnswer = {
  /** The clock of its commands, as the start of an execution is for those of a file. */
  readonly startDate: number;
  readonly successes: number;
  readonly failed: readonly FailedCommand[];
  readonly warnings: { readonly [code in WarningCode]?: number };
  readonly effects: Effects;
  /** In the order in which commands name them. */
  readonly segmentsCreated: readonly CreatedSegment[];
};

/** An answer; `isReplayed`: of the first call with the same key. */
export type AnsweredCall = CallAnswer & { readonly isReplayed: boolean };
