import type { ReactNode } from 'react';

/** A column: what is shown, and what it is sorted by, if it can be. The first one names its row. */
export type Column<T> = {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: T) => ReactNode;
  readonly sortBy?: (row: T) => string | number | null;
  readonly isNumber?: boolean;
  /** In pixels; columns without one share what is left. */
  readonly width?: number;
  /** What a column without a width has at least, in pixels. */
  readonly minWidth?: number;
  /**
   * Left out where there is no room for it beside those that are none, and the extra ones before
   * it.
   */
  readonly isExtra?: boolean;
  /** Needs no heading beside it where a row is a card: a badge or a button. */
  readonly speaksForItself?: boolean;
};

const LEAST_PX = 180;

/** The columns that there is room for, and how wide a table of them is at least. */
export function fitColumns<T>(
  columns: readonly Column<T>[],
  room: number,
): { readonly shown: readonly Column<T>[]; readonly minWidth: number } {
  const widthOf = (all: readonly Column<T>[]) =>
    all.reduce((sum, { width, minWidth = LEAST_PX }) => sum + (width ?? minWidth), 0);
  let shown = columns.filter(({ isExtra }) => isExtra !== true);
  for (const extra of columns.filter(({ isExtra }) => isExtra === true)) {
    const wider = columns.filter((column) => shown.includes(column) || column === extra);
    if (widthOf(wider) <= room) shown = wider;
  }
  return { shown, minWidth: widthOf(shown) };
}
