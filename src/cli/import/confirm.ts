import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import type { ApiExecution, ApiSegment, ApiSegmentEffect } from '../api.ts';
import type { Client } from '../client.ts';
import { followExecution } from '../follow.ts';
import { countOf, formatCount, note, printable } from '../output.ts';
import { openProgress } from './progress.ts';
import { type Target, upload } from './target.ts';

/** A question to whoever sits at the terminal; resolves to what they typed, '' when they left. */
export type Ask = (question: string, signal: AbortSignal) => Promise<string>;

/**
 * What comes before a file is sent: it may go, or it may not, or it would not be applied, as a dry
 * run says.
 */
export type Confirmed = 'GO' | 'DECLINED' | { readonly refusedAs: ApiExecution };

/** From this share of a segment's members on, its name has to be typed. */
const GREAT_LOSS = 0.5;
/** More segments than that are counted, not named. */
const MOST_NAMED = 12;

/**
 * Asks before a file replaces segments: a dry run of this very file says who would leave which.
 * Where a guard would stop it there is nothing to ask.
 */
export async function confirmReplacement(
  client: Client,
  target: Target,
  of: {
    readonly file: { readonly name: string; readonly bytes: number };
    readonly ask: Ask;
    readonly signal: AbortSignal;
  },
): Promise<Confirmed> {
  const execution = await dryRun(client, target, of);
  if (execution.status !== 'SUCCEEDED') return { refusedAs: execution };
  const losses = await lossesOf(client, execution.result?.segments ?? []);
  note(`${printable(of.file.name)} replaces ${countOf(losses.length, 'segment')}:`);
  for (const loss of losses.slice(0, MOST_NAMED)) note(`  ${describe(loss)}`);
  if (losses.length > MOST_NAMED)
    note(`  and ${countOf(losses.length - MOST_NAMED, 'segment')} that lose a smaller share`);
  const [worst] = losses;
  if (worst !== undefined && worst.share >= GREAT_LOSS) {
    const name = printable(worst.name);
    const typed = await of.ask(`Half or more would leave. Type ${name} to replace: `, of.signal);
    return typed.trim() === name.trim() ? 'GO' : 'DECLINED';
  }
  const answer = await of.ask('Replace? [y/N] ', of.signal);
  return /^y(es)?$/i.test(answer.trim()) ? 'GO' : 'DECLINED';
}

async function dryRun(
  client: Client,
  target: Target,
  { file, signal }: { file: { name: string; bytes: number }; signal: AbortSignal },
): Promise<ApiExecution> {
  const query = new URLSearchParams(target.query);
  query.set('dry_run', 'true');
  const progress = openProgress(file.name, file.bytes);
  try {
    const first = await upload(
      client,
      { ...target, query: String(query) },
      { signal, onSent: progress.sent, idempotencyKey: randomUUID() },
    );
    return await followExecution(client, { first, path: target.path, onLook: progress.applying, signal });
  } finally {
    progress.close();
  }
}

type Loss = {
  readonly name: string;
  readonly id: string;
  readonly before: number;
  readonly after: number;
  readonly leaving: number;
  readonly share: number;
};

/**
 * The segments by what they lose, the greatest share first; those that are told of have their
 * names.
 */
async function lossesOf(client: Client, segments: readonly ApiSegmentEffect[]): Promise<readonly Loss[]> {
  const losses = segments
    .flatMap(({ segment_id: id, size_before: before, size_after: after, members_leaving }): Loss[] => {
      // nobody leaves a segment that is not there yet
      if (id === null) return [];
      const leaving = members_leaving ?? Math.max(0, before - after);
      return [{ name: id, id, before, after, leaving, share: before === 0 ? 0 : leaving / before }];
    })
    .sort((one, other) => other.share - one.share || other.before - one.before);
  const named = losses.slice(0, MOST_NAMED).map(async (loss) => {
    const segment = await client.get<ApiSegment>(`/audience_segments/${loss.id}`);
    return { ...loss, name: segment.technical_name ?? segment.name };
  });
  return [...(await Promise.all(named)), ...losses.slice(MOST_NAMED)];
}

function describe({ name, id, before, after, leaving }: Loss): string {
  const sizes = `${formatCount(before)} → ${formatCount(after)} members`;
  const who = leaving === 0 ? 'nobody leaves' : `${formatCount(leaving)} of ${formatCount(before)} leave`;
  return `${printable(name)} (segment ${id}): ${who}, ${sizes}`;
}

/**
 * Asks at the terminal; null where there is none to ask at. Questions go to standard error, answers
 * come from standard input.
 */
export function terminal(): Ask | null {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return null;
  return async (question, signal) => {
    // the terminal edits the line itself, and turns Ctrl-C into the signal that ends a wait
    const lines = createInterface({ input: stdin, output: stderr, terminal: false });
    try {
      const left = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
      return await Promise.race([lines.question(question, { signal }), left]);
    } catch (error) {
      if (signal.aborted) return '';
      throw error;
    } finally {
      lines.close();
      stdin.pause();
    }
  };
}
