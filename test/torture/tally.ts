/**
 * What a torture has done so far: how often the process was killed, by where, and what was
 * compared.
 */
export type Tally = {
  readonly kills: Map<string, number>;
  readonly restartsMs: number[];
  histories: number;
  executions: number;
  commands: number;
  replayed: number;
};

export function newTally(): Tally {
  return { kills: new Map(), restartsMs: [], histories: 0, executions: 0, commands: 0, replayed: 0 };
}

export function noteKill({ kills }: Tally, where: string): void {
  kills.set(where, (kills.get(where) ?? 0) + 1);
}

export function killsOf({ kills }: Tally): number {
  return [...kills.values()].reduce((sum, each) => sum + each, 0);
}

/** A few lines for people. */
export function describe(tally: Tally): string {
  const sorted = [...tally.restartsMs].sort((one, other) => one - other);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  const places = [...tally.kills].sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    `${killsOf(tally)} kills in ${tally.histories} histories, ${tally.executions} executions of ${tally.commands} commands compared, ` +
      `${tally.replayed} error files byte by byte`,
    `start after a kill: median ${at(0.5)} ms, slowest ${at(1)} ms`,
    ...places.map(([where, kills]) => `  ${String(kills).padStart(4)}  ${where}`),
  ].join('\n');
}
