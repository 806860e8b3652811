type S3Holds = {
  /** Begins a hold; what it gives ends it. */
  readonly hold: () => () => Promise<void>;
  /**
   * Removes a folder, or notes that it is to be removed when nobody holds the documents any more.
   */
  readonly remove: (folder: string) => Promise<void>;
  /** Whether a folder is to be removed: for all but those who hold it, it is gone. */
  readonly isRemoved: (folder: string) => boolean;
};

/**
 * Objects cannot be moved, so what is removed while this process holds the documents is removed
 * when its last hold ends. What a crash leaves of that is swept: no execution whose files are kept
 * refers to it.
 */
export function createS3Holds(removeNow: (folder: string) => Promise<void>): S3Holds {
  const waiting = new Set<string>();
  let held = 0;

  async function release(): Promise<void> {
    held -= 1;
    if (held > 0) return;
    for (const folder of [...waiting]) {
      await removeNow(folder);
      waiting.delete(folder);
    }
  }

  return {
    hold: () => {
      held += 1;
      return release;
    },
    remove: async (folder) => {
      if (held > 0) waiting.add(folder);
      else await removeNow(folder);
    },
    isRemoved: (folder) => waiting.has(folder),
  };
}
