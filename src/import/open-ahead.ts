import type { FileReader } from '../model/file-reader.ts';

type Open = () => Promise<FileReader | null>;

/**
 * Opens files that are read one after the other, at most `most` before they are needed: each may be
 * a round trip away. `take` gives the next one, to be closed by who takes it; `close` closes those
 * that nobody took.
 */
export function openAhead(files: readonly Open[], most: number): { take: Open; close: () => Promise<void> } {
  const opened: Promise<FileReader | null>[] = [];
  let next = 0;

  function openMore(): void {
    for (; next < files.length && opened.length < most; next++) {
      const opening = (files[next] as Open)();
      // awaited when it is taken, or closed
      opening.catch(() => undefined);
      opened.push(opening);
    }
  }

  return {
    take: async () => {
      openMore();
      const file = opened.shift();
      openMore();
      return (await file) ?? null;
    },
    close: async () => {
      next = files.length;
      for (const opening of opened.splice(0)) await (await opening.catch(() => null))?.close();
    },
  };
}
