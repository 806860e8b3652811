/**
 * Tells those who wait for something by its id that it may have changed; in this process alone, and
 * nothing is kept.
 */
export interface Notices {
  notice(id: string): void;
  /** How often `id` was told of since somebody waits for it. */
  version(id: string): number;
  /** Calls back at each notice of `id`, until the function that it gives is called. */
  listen(id: string, onNotice: () => void): () => void;
}

export function createNotices(): Notices {
  const waiting = new Map<string, { version: number; listeners: Set<() => void> }>();
  return {
    notice: (id) => {
      const of = waiting.get(id);
      if (of === undefined) return;
      of.version += 1;
      for (const onNotice of of.listeners) onNotice();
    },
    version: (id) => waiting.get(id)?.version ?? 0,
    listen: (id, onNotice) => {
      const of = waiting.get(id) ?? { version: 0, listeners: new Set() };
      waiting.set(id, of);
      of.listeners.add(onNotice);
      return () => {
        of.listeners.delete(onNotice);
        if (of.listeners.size === 0 && waiting.get(id) === of) waiting.delete(id);
      };
    },
  };
}
