import type { Store } from './store.ts';

/**
 * A store that tells, after each write that may have made a delivery to a webhook, that there may
 * be something to deliver.
 */
export function wakingStore(store: Store, wake: () => void): Store {
  const waking =
    <Of extends unknown[], T>(write: (...of: Of) => Promise<T>) =>
    async (...of: Of): Promise<T> => {
      const result = await write(...of);
      wake();
      return result;
    };
  const { executions, documentImports, segments, webhooks } = store;
  return {
    ...store,
    mergeGroup: waking(store.mergeGroup),
    executions: {
      ...executions,
      finish: waking(executions.finish),
      cancel: waking(executions.cancel),
    },
    documentImports: {
      ...documentImports,
      remove: waking(documentImports.remove),
      passDueTime: waking(documentImports.passDueTime),
    },
    segments: { ...segments, remove: waking(segments.remove) },
    webhooks: { ...webhooks, ping: waking(webhooks.ping), resend: waking(webhooks.resend) },
  };
}
