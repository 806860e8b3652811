import type { Execution } from '../api/types.ts';
import type { ImportOptions } from '../api/upload.ts';

/** What a replacement is guarded by when nothing is chosen: no line may fail, and no segment may lose more than half. */
export const REPLACE_GUARDS = { maxFailureRatio: 0, maxShrinkRatio: 0.5 } as const;

/** From this share on the loss of a segment is confirmed by its name. */
const GREAT_LOSS = 0.5;

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
  /** How many members fewer it has; 0 where it grows. */
  readonly lost: number;
  readonly share: number;
};

/** What a dry run says that a replacement would do. */
export type ReplaceEffect = {
  /** Those that lose the greatest share first. */
  readonly segments: readonly SegmentLoss[];
  /** Members who leave, over all segments; others may come in for them. */
  readonly leaving: number;
  readonly failed: number;
  readonly failureShare: number;
  /** The segment whose name confirms the replacement; null where no half of any leaves. */
  readonly toConfirm: SegmentLoss | null;
};

/** Reads the result of a dry run of a replacement. */
export function effectOf({ result }: Execution): ReplaceEffect {
  const segments = (result.segments ?? [])
    .map(({ segment_id, technical_name = '', size_before: before, size_after: after }): SegmentLoss => {
      const lost = Math.max(0, before - after);
      const share = before === 0 ? 0 : lost / before;
      return { segmentId: segment_id ?? technical_name, before, after, lost, share };
    })
    .sort((one, other) => other.share - one.share || other.before - one.before);
  const all = segments.reduce((sum, { before }) => sum + before, 0);
  const leaving = result.memberships_left ?? segments.reduce((sum, { lost }) => sum + lost, 0);
  const [worst = null] = segments;
  // a list of the same length may put everybody out as well
  const isGreat = (worst !== null && worst.share >= GREAT_LOSS) || (all > 0 && leaving / all >= GREAT_LOSS);
  const lines = result.total_success + result.total_failure;
  return {
    segments,
    leaving,
    failed: result.total_failure,
    failureShare: lines === 0 ? 0 : result.total_failure / lines,
    toConfirm: isGreat ? worst : null,
  };
}

/** The guards that would keep the replacement from being applied, by how much each would have to allow. */
export function stoppedBy(
  effect: ReplaceEffect,
  options: ImportOptions,
): { readonly failures: number | null; readonly shrink: number | null } {
  const { maxFailureRatio, maxShrinkRatio } = guarded(options);
  const worst = effect.segments[0]?.share ?? 0;
  return {
    failures: effect.failureShare > (maxFailureRatio ?? 1) ? roundedUp(effect.failureShare) : null,
    shrink: worst > (maxShrinkRatio ?? 1) ? roundedUp(worst) : null,
  };
}

/** To a hundredth of a percent, and never to all where it is not all. */
function roundedUp(share: number): number {
  const rounded = Math.ceil(share * 10_000) / 10_000;
  return rounded === 1 ? share : rounded;
}
