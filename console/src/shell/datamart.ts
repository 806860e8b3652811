import { createContext, useContext } from 'react';
import type { Datamart } from '../api/types.ts';

const KEY = 'muster.datamart';

/**
 * The datamart whose pages are shown: it stands in the path, so that a page can be sent to
 * somebody.
 */
export const DatamartContext = createContext('');

export function useDatamartId(): string {
  return useContext(DatamartContext);
}

/**
 * The datamart that was looked at last, if it is still there; else the first one; null where there
 * is none.
 */
export function keptDatamart(all: readonly Datamart[]): string | null {
  const kept = localStorage.getItem(KEY);
  return (all.find(({ id }) => id === kept) ?? all[0])?.id ?? null;
}

export function keepDatamart(id: string): void {
  localStorage.setItem(KEY, id);
}
