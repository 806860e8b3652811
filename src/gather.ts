/**
 * Makes one step of what many ask for at the same time: while `step` is under way, what comes
 * gathers, and the next step takes all of it, at most `most`. An asker's step begins after it
 * asked, so it is as good as one of its own; when the step fails, it fails for all who are in it;
 * with `failure` ALL also for those who wait for the next one, which would fail as late again where
 * what is asked does not answer.
 */
export function gather<Asked, Given>(
  step: (asked: readonly Asked[]) => Promise<readonly Given[]>,
  most: number,
  failure: 'STEP' | 'ALL' = 'STEP',
): (asked: Asked) => Promise<Given> {
  type Waiting = {
    readonly asked: Asked;
    readonly resolve: (given: Given) => void;
    readonly reject: (fault: unknown) => void;
  };
  let waiting: Waiting[] = [];
  let isUnderWay = false;

  async function run(): Promise<void> {
    isUnderWay = true;
    while (waiting.length > 0) {
      // who asks in the same breath comes along
      await null;
      const taken = waiting.slice(0, most);
      waiting = waiting.slice(most);
      try {
        const given = await step(taken.map(({ asked }) => asked));
        for (const [i, { resolve }] of taken.entries()) resolve(given[i] as Given);
      } catch (fault) {
        const failed = failure === 'ALL' ? [...taken, ...waiting] : taken;
        if (failure === 'ALL') waiting = [];
        for (const { reject } of failed) reject(fault);
      }
    }
    isUnderWay = false;
  }

  return (asked) =>
    new Promise<Given>((resolve, reject) => {
      waiting.push({ asked, resolve, reject });
      if (!isUnderWay) void run();
    });
}
