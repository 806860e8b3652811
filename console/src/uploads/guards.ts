import type { Execution } from '../api/types.ts';
import type { ImportOptions } from '../api/upload.ts';
import { GREAT_LOSS, lostBy } from '../executions/losses.ts';

/**
 * What a replacement is guarded by when nothing is chosen: no line may fail, and no segment may
 * lose more than half.
 */
export const REPLACE_GUARDS = { maxFailureRatio: 0, maxShrinkRatio: 0.5 } as const;

/** The options as they are sent: a replacement is never without guards. */
export function guarded(options: ImportOptions): ImportOptions {
  if (options.mode !== 'REPLACE') return options;
  return {
    ...options,
    maxFailureRatio: options.maxFailureRatio ?? REPLACE_GUARDS.maxFailureRatio,
    maxShrinkRatio: options.maxShrinkRatio ?? REPLACE_GUARDS.maxShrinkRatio,
  };
}

export type SegmentLoss = {
  /** The name of one that would be made. */
  readonly segmentId: string;
  readonly before: number;
  readonly after: number;
  /** How many members go out, whether or not others come in for them. */
  readonly lost: number;
  readonly share: number;
};

/** What a dry run says that a replacement would do. */
export type ReplaceEffect = {
  /** Those that lose the greatest share first. */
  readonly segments: readonly SegmentLoss[];
  /** The greatest share by which a segment would shrink, which is what the guard looks at. */
  readonly shrink: number;
  readonly failed: number;
  readonly failureShare: number;
  /**
   * The segment whose name confirms the replacement: half of it or more leaves. Null where that is
   * so of none.
   */
  readonly toConfirm: SegmentLoss | null;
};

/** Reads the result of a dry run of a replacement. */
export function effectOf({ result }: Execution): ReplaceEffect {
  const segments = (result.segments ?? [])
    .map((segment): SegmentLoss => {
      const { segment_id, technical_name = '', size_before: before, size_after: after } = segment;
      const lost = lostBy(segment);
      const share = before === 0 ? 0 : lost / before;
      return { segmentId: segment_id ?? technical_name, before, after, lost, share };
    })
    .sort((one, other) => other.share - one.share || other.before - one.before);
  const [worst = null] = segments;
  const shrinks = segments.map(({ before, after }) => (before === 0 ? 0 : (before - after) / before));
  const lines = result.total_success + result.total_failure;
  return {
    segments,
    shrink: Math.max(0, ...shrinks),
    failed: result.total_failure,
    failureShare: lines === 0 ? 0 : result.total_failure / lines,
    toConfirm: worst !== null && worst.share >= GREAT_LOSS ? worst : null,
  };
}

/**
 * The guards that would keep the replacement from being applied, by how much each would have to
 * allow.
 */
export function stoppedBy(
  effect: ReplaceEffect,
  options: ImportOptions,
): { readonly failures: number | null; readonly shrink: number | null } {
  const { maxFailureRatio, maxShrinkRatio } = guarded(options);
  return {
    failures: effect.failureShare > (maxFailureRatio ?? 1) ? roundedUp(effect.failureShare) : null,
    shrink: effect.shrink > (maxShrinkRatio ?? 1) ? roundedUp(effect.shrink) : null,
  };
}

/** To a hundredth of a percent, and never to all where it is not all. */
function roundedUp(share: number): number {
  const rounded = Math.ceil(share * 10_000) / 10_000;
  return rounded === 1 ? share : rounded;
}
