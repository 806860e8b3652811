import { Box, Group, NativeSelect, Paper, Stack, Text } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useRef } from 'react';
import { t } from '../texts/texts.ts';
import type { Column } from './columns.ts';
import { type Selection, SelectRow } from './selection.tsx';

/** Fewer rows than this are laid out all at once. */
export const FEW_ROWS = 100;
const CARD_PX = 96;

export type Columns = readonly Column<unknown>[];
export type ShownRow = { readonly id: string; readonly row: unknown };

/** What a table hands to the way in which its rows are laid out. */
export type RowsProps = {
  readonly label: string;
  readonly height: string;
  /** In their order. */
  readonly rows: readonly ShownRow[];
  readonly columns: Columns;
  readonly sorting: { readonly id: string; readonly desc: boolean } | null;
  /** Sorts by a column; the other way around, or as `desc` says. */
  readonly onSort: (columnId: string, desc?: boolean) => void;
  readonly selection?: Selection<unknown>;
};

/**
 * The rows of a table as cards: what names a row on a line of its own, and below it all that there
 * is.
 */
export function DataCards({ label, height, rows, columns, sorting, onSort, selection }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const isFew = rows.length <= FEW_ROWS;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => CARD_PX,
    overscan: isFew ? FEW_ROWS : 8,
  });
  const items = virtual.getVirtualItems();
  return (
    <Stack gap="xs">
      <SortSelect columns={columns} sorting={sorting} onSort={onSort} />
      <Box
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label={label}
        // a few rows are scrolled with their page; a box that scrolls within it would catch the
        // finger
        style={isFew ? {} : { maxHeight: height, overflow: 'auto' }}
      >
        <Box
          component="ul"
          m={0}
          p={0}
          pt={items[0]?.start ?? 0}
          pb={virtual.getTotalSize() - (items.at(-1)?.end ?? 0)}
          style={{ listStyle: 'none' }}
        >
          {items.map(({ index }) => {
            const of = rows[index];
            return (
              of && (
                <Box component="li" key={of.id} pb={8} ref={virtual.measureElement} data-index={index}>
                  <Card
                    row={of.row}
                    columns={columns}
                    checkbox={selection && <SelectRow of={of} selection={selection} />}
                  />
                </Box>
              )
            );
          })}
        </Box>
      </Box>
    </Stack>
  );
}

function Card({
  row,
  columns,
  checkbox,
}: {
  readonly row: unknown;
  readonly columns: Columns;
  readonly checkbox?: ReactNode;
}) {
  const [name, ...others] = columns;
  return (
    <Paper withBorder p="xs">
      <Group gap="xs" wrap="nowrap" align="flex-start">
        {checkbox}
        <Box fw={600} style={{ overflowWrap: 'anywhere' }}>
          {name?.cell(row)}
        </Box>
      </Group>
      <Group gap="4px 12px" mt={4}>
        {others.map((column) => {
          const content = column.cell(row);
          if (content === '' || content === null || content === undefined || content === false) return null;
          return (
            <Group key={column.id} gap={4} wrap="nowrap" maw="100%">
              {column.speaksForItself !== true && (
                <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                  {column.header}
                </Text>
              )}
              <Box fz="sm" style={{ overflowWrap: 'anywhere', minWidth: 0 }}>
                {content}
              </Box>
            </Group>
          );
        })}
      </Group>
    </Paper>
  );
}

/** Cards have no headings to sort by. */
function SortSelect({ columns, sorting, onSort }: Pick<RowsProps, 'columns' | 'sorting' | 'onSort'>) {
  const sortable = columns.filter(({ sortBy }) => sortBy !== undefined);
  if (sortable.length === 0) return null;
  return (
    <NativeSelect
      size="xs"
      aria-label={t.sort.label}
      data={[
        ...(sorting === null ? [{ value: '', label: t.sort.none }] : []),
        ...sortable.flatMap(({ id, header }) => [
          { value: `asc ${id}`, label: t.sort.ascending(header) },
          { value: `desc ${id}`, label: t.sort.descending(header) },
        ]),
      ]}
      value={sorting === null ? '' : `${sorting.desc ? 'desc' : 'asc'} ${sorting.id}`}
      onChange={({ currentTarget: { value } }) => {
        const [direction, ...id] = value.split(' ');
        if (value !== '') onSort(id.join(' '), direction === 'desc');
      }}
    />
  );
}
