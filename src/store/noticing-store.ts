import type { Store } from './store.ts';

/**
 * A store that tells of executions that were written through it, after each write: begun, further
 * on, given back, canceled or ended. Writes of other processes are not told of.
 */
export function noticingStore(store: Store, notice: (executionId: string) => void): Store {
  const { executions } = store;
  const noticing = async <T>(write: Promise<T>, idsOf: (result: T) => readonly string[]): Promise<T> => {
    const result = await write;
    for (const id of idsOf(result)) notice(id);
    return result;
  };
  const { prepareChunk } = store;
  return {
    ...store,
    mergeChunk: (chunk) => noticing(store.mergeChunk(chunk), () => [chunk.execution.id]),
    ...(prepareChunk && {
      prepareChunk: async (of) => {
        const prepared = await prepareChunk(of);
        return {
          merge: (chunk) => noticing(prepared.merge(chunk), () => [chunk.execution.id]),
          close: prepared.close,
        };
      },
    }),
    revertPart: (part) => noticing(store.revertPart(part), () => [part.execution.id]),
    mergeGroup: (group) =>
      noticing(store.mergeGroup(group), () => group.documents.map(({ executionId }) => executionId)),
    executions: {
      ...executions,
      claim: (of) => noticing(executions.claim(of), (claimed) => claimed.map(({ id }) => id)),
      noteChecked: (of) => noticing(executions.noteChecked(of), () => [of.id]),
      release: (of) => noticing(executions.release(of), () => [of.id]),
      finish: (of) => noticing(executions.finish(of), () => [of.id]),
      cancel: (id, now, author) => noticing(executions.cancel(id, now, author), () => [id]),
    },
  };
}
