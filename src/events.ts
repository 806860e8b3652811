/** What was written to the store, for those in this process who wait for it. */
export type EventName =
  | 'EXECUTION_CREATED'
  /** Claimed, further on, given back, canceled or ended. */
  | 'EXECUTION_CHANGED'
  | 'CANCEL_REQUESTED'
  | 'DELIVERY_DUE'
  | 'USER_ERASED'
  | 'EXPORT_DUE'
  | 'OVERLAP_ANALYSIS_DUE'
  | 'SOURCE_DUE';

type Listener = (id: string) => void;

/**
 * Events of this process. A write emits them in its transaction (`Sql.emit`), and they are told
 * once it is committed, so that no writer can forget to wake those who wait. Nothing is kept, and
 * writes of other processes are not told of: who must not miss any looks at the store from time to
 * time as well.
 */
export interface Events {
  emit(name: EventName, id: string): void;
  /**
   * Calls back at each event of this name, or at those about `id` alone, until the function that it
   * gives is called. A listener never throws, and never waits.
   */
  on(name: EventName, listener: Listener, id?: string): () => void;
  /** How often something happened to `id` since somebody listens to it. */
  version(name: EventName, id: string): number;
}

export function createEvents(): Events {
  const topics = new Map<string, { version: number; readonly listeners: Set<Listener> }>();
  const topicOf = (name: EventName, id?: string) => (id === undefined ? name : `${name} ${id}`);

  function tell(topic: string, id: string): void {
    const told = topics.get(topic);
    if (told === undefined) return;
    told.version += 1;
    for (const listener of told.listeners) listener(id);
  }

  return {
    emit: (name, id) => {
      tell(topicOf(name), id);
      tell(topicOf(name, id), id);
    },
    on: (name, listener, id) => {
      const key = topicOf(name, id);
      const topic = topics.get(key) ?? { version: 0, listeners: new Set() };
      topics.set(key, topic);
      topic.listeners.add(listener);
      return () => {
        topic.listeners.delete(listener);
        if (topic.listeners.size === 0 && topics.get(key) === topic) topics.delete(key);
      };
    },
    version: (name, id) => topics.get(topicOf(name, id))?.version ?? 0,
  };
}
