import { Checkbox } from '@mantine/core';

/** Rows that are chosen, by their keys. */
export type Selection<T> = {
  readonly selected: ReadonlySet<string>;
  readonly onChange: (selected: ReadonlySet<string>) => void;
  /** What choosing a row is called for who does not see it. */
  readonly labelOf: (row: T) => string;
  readonly labelOfAll: string;
};

type Of = { readonly id: string; readonly row: unknown };

/** Chooses a row, or leaves it. */
export function SelectRow({ of, selection }: { readonly of: Of; readonly selection: Selection<unknown> }) {
  const { selected, onChange, labelOf } = selection;
  const isSelected = selected.has(of.id);
  return (
    <Checkbox
      size="xs"
      aria-label={labelOf(of.row)}
      checked={isSelected}
      onChange={() =>
        onChange(new Set(isSelected ? [...selected].filter((id) => id !== of.id) : [...selected, of.id]))
      }
    />
  );
}

/** Chooses all rows that are shown, or none. */
export function SelectAll({
  rows,
  selection,
}: {
  readonly rows: readonly Of[];
  readonly selection: Selection<unknown>;
}) {
  const { selected, onChange, labelOfAll } = selection;
  const isAll = rows.length > 0 && rows.every(({ id }) => selected.has(id));
  return (
    <Checkbox
      size="xs"
      aria-label={labelOfAll}
      checked={isAll}
      indeterminate={!isAll && selected.size > 0}
      onChange={() => onChange(new Set(isAll ? [] : rows.map(({ id }) => id)))}
    />
  );
}
