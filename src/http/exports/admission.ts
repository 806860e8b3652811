import type { Config } from '../../config.ts';
import { ServiceError } from '../../errors.ts';
import type { JobLoad } from '../../store/job-records.ts';

type Limits = Pick<Config, 'maxExports' | 'maxExportsPerDatamart' | 'maxExportsPerToken'>;
type BytesSetting = 'maxExportBytes' | 'maxAnalysisBytes';

/**
 * Lets work in that is done in the background, or whose result is streamed, so that nobody asks for
 * more than their share.
 */
export interface JobAdmission {
  /**
   * Has a job made, while there are less than there may be. Throws `ServiceError` TOO_MANY_EXPORTS
   * for a limit of the datamart or the token, OVERLOADED for one of the service.
   */
  create<T>(sender: Sender, make: () => Promise<T>): Promise<T>;
  /**
   * The same for one that is done at once: it counts until the function that it resolves to is
   * called.
   */
  enter(sender: Sender): Promise<() => void>;
}

type Sender = { readonly datamartId: string; readonly userId: string };

export function createJobAdmission(
  loadOf: (sender: Sender) => Promise<JobLoad>,
  limits: Limits & { readonly bytes: { readonly setting: BytesSetting; readonly most: number } },
): JobAdmission {
  /** What runs without being in the store. */
  const running = new Set<Sender>();
  /** One after the other: what is counted must not change before it is used. */
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.catch(() => undefined).then(work);
    last = next;
    return next;
  }

  async function check(sender: Sender): Promise<void> {
    const { open, bytes } = await loadOf(sender);
    const more = (isCounted: (other: Sender) => boolean) => [...running].filter(isCounted).length;
    const { maxExports, maxExportsPerDatamart, maxExportsPerToken } = limits;
    const ofDatamart = open.ofDatamart + more(({ datamartId }) => datamartId === sender.datamartId);
    const ofToken = open.ofToken + more(({ userId }) => userId === sender.userId);
    if (ofDatamart >= maxExportsPerDatamart)
      throw tooMany('a datamart', 'maxExportsPerDatamart', maxExportsPerDatamart);
    if (ofToken >= maxExportsPerToken) throw tooMany('a token', 'maxExportsPerToken', maxExportsPerToken);
    if (open.all + running.size >= maxExports)
      throw new ServiceError('OVERLOADED', `at most ${maxExports} may wait (maxExports): try again later`);
    const { setting, most } = limits.bytes;
    const kept = Math.max(bytes.ofDatamart, bytes.ofToken);
    if (kept >= most)
      throw new ServiceError(
        'TOO_MANY_EXPORTS',
        `a datamart, or a token, may keep ${most} bytes (${setting}), and keeps ${kept}: try again when older ones have been removed`,
      );
  }

  return {
    create: (sender, make) =>
      inTurn(async () => {
        await check(sender);
        return make();
      }),
    enter: async (sender) => {
      const own = { ...sender };
      await inTurn(async () => {
        await check(sender);
        running.add(own);
      });
      return () => void running.delete(own);
    },
  };
}

function tooMany(of: string, setting: keyof Limits, most: number): ServiceError {
  return new ServiceError(
    'TOO_MANY_EXPORTS',
    `at most ${most} of ${of} may wait or run at the same time (${setting}): try again when some have ended`,
  );
}
