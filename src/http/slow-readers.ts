import type { ServerResponse } from 'node:http';
import type { Rate } from './watch-rate.ts';

/** Into so many parts a window is cut, to tell whose time passes. */
const SAMPLES = 20;

/** Answers that are on their way, and what came of them so far. */
type Reading = { blocked: number; from: number };

/**
 * Ends answers whose client takes them too slowly: files, memory and connections would be held for
 * as long as it likes.
 */
export interface SlowReaders {
  watch(answer: ServerResponse): void;
  close(): void;
}

/**
 * Only time counts in which the client is waited for: when the socket takes nothing more. So a
 * stream of events that has nothing to tell may be as slow as it is.
 */
export function createSlowReaders(
  { minBytesPerSecond, windowMs }: Rate,
  onSlow: (answer: ServerResponse) => void,
): SlowReaders {
  const answers = new Map<ServerResponse, Reading>();
  const expected = (minBytesPerSecond * windowMs) / 1000;

  function look(): void {
    for (const [answer, reading] of answers) {
      const { socket } = answer;
      if (socket === null || !answer.headersSent) continue;
      const taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0) reading.blocked = 0;
      if (reading.blocked === 0) reading.from = taken;
      if (socket.writableLength === 0) continue;
      reading.blocked++;
      if (reading.blocked <= SAMPLES) continue;
      reading.blocked = 0;
      if (taken - reading.from >= expected) continue;
      answers.delete(answer);
      onSlow(answer);
      answer.destroy();
    }
  }

  const timer = minBytesPerSecond === 0 ? null : setInterval(look, windowMs / SAMPLES);
  timer?.unref();
  return {
    watch: (answer) => {
      if (timer === null || answer.destroyed) return;
      answers.set(answer, { blocked: 0, from: 0 });
      answer.once('close', () => answers.delete(answer));
    },
    close: () => {
      if (timer !== null) clearInterval(timer);
      answers.clear();
    },
  };
}
