import { EventSourceParserStream } from 'eventsource-parser/stream';
import { authorization } from './client.ts';
import type { Execution } from './types.ts';

/**
 * A browser has six connections to a service, and each stream holds one for as long as its
 * execution runs: a few streams at a time, and the others are asked for again and again.
 */
const MOST_STREAMS = 3;
let streams = 0;

export type Followed = 'ENDED' | 'INTERRUPTED';

/**
 * Tells of an execution each time it gets further. Resolves to `ENDED` after its end was told of,
 * and to `INTERRUPTED` when the stream cannot be had or breaks off, which says nothing of the
 * execution.
 */
export async function followEvents(
  path: string,
  { signal, onState }: { readonly signal: AbortSignal; readonly onState: (execution: Execution) => void },
): Promise<Followed> {
  if (streams >= MOST_STREAMS) return 'INTERRUPTED';
  streams += 1;
  try {
    // `EventSource` cannot send the token
    const response = await fetch(`${path}/events`, { headers: authorization(), signal });
    if (response.status !== 200 || response.body === null) return 'INTERRUPTED';
    const events = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    for await (const { event, data } of events) {
      onState(JSON.parse(data) as Execution);
      if (event === 'end') return 'ENDED';
    }
    return 'INTERRUPTED';
  } catch {
    return 'INTERRUPTED';
  } finally {
    streams -= 1;
  }
}
