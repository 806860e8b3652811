import { Box, Group, Table, UnstyledButton } from '@mantine/core';
import { useElementSize, useMediaQuery, useMergedRef } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type MouseEvent, memo, type ReactNode, useMemo, useRef } from 'react';
import { type Column, fitColumns } from './columns.ts';
import { type Columns, DataCards, FEW_ROWS, type RowsProps, type ShownRow } from './data-cards.tsx';
import { compareTexts } from './formats.ts';
import { SelectAll, type Selection, SelectRow } from './selection.tsx';

export type { Column } from './columns.ts';

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
const ROW_PX = 41;
const SELECT_PX = 44;
/** A screen on which a table would show little more than its first column. */
const PHONE = '(max-width: 39.99em)';

/**
 * A table that sorts, and lays out only the rows that are in sight where there are many of them. On
 * a phone its rows are cards: a name and what there is beside it would not fit a line.
 */
export function DataTable<T>({
  label,
  rows,
  columns,
  keyOf,
  sorted,
  selection,
  height = 'calc(100vh - 190px)',
}: {
  /** Names the table for who does not see it. */
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string;
  readonly sorted?: { readonly id: string; readonly desc: boolean };
  readonly selection?: Selection<T>;
  /** CSS height that a table of many rows has at most; a few are scrolled with their page. */
  readonly height?: string;
}) {
  const isPhone = useMediaQuery(PHONE, false, { getInitialValueInEffect: false });
  const tableColumns = useMemo(() => columns.map(toTableColumn), [columns]);
  const data = useMemo(() => rows.map((row) => ({ row })), [rows]);
  const table = useTable({
    features,
    columns: tableColumns,
    data,
    getRowId: ({ row }) => keyOf(row),
    initialState: { sorting: sorted ? [sorted] : [] },
    enableSortingRemoval: false,
  });
  const shown = table.getRowModel().rows.map(({ id, original }) => ({ id, row: original.row }));
  const [sorting = null] = table.state.sorting;
  const shared = {
    ...{ label, height, rows: shown as readonly ShownRow[], columns: columns as Columns, sorting },
    ...(selection === undefined ? {} : { selection: selection as Selection<unknown> }),
    onSort: (id: string, desc?: boolean) => table.getColumn(id)?.toggleSorting(desc),
  };
  return isPhone ? <DataCards {...shared} /> : <Rows {...shared} />;
}

function Rows({ label, height, rows, columns, sorting, onSort, selection }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { ref, width } = useElementSize();
  const { shown, minWidth } = useMemo(
    () => fitColumns(columns, width === 0 ? Number.POSITIVE_INFINITY : width - (selection ? SELECT_PX : 0)),
    [columns, width, selection],
  );
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: rows.length <= FEW_ROWS ? FEW_ROWS : 8,
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <Box
      ref={useMergedRef(scroller, ref)}
      tabIndex={0}
      role="region"
      aria-label={label}
      style={rows.length <= FEW_ROWS ? { overflowX: 'auto' } : { maxHeight: height, overflow: 'auto' }}
    >
      <Table stickyHeader highlightOnHover layout="fixed" aria-rowcount={rows.length + 1} miw={minWidth}>
        <Table.Thead>
          <Table.Tr>
            {selection && (
              <Table.Th w={SELECT_PX}>
                <SelectAll rows={rows} selection={selection} />
              </Table.Th>
            )}
            {shown.map((column) => (
              <HeaderCell
                key={column.id}
                column={column}
                direction={sorting?.id === column.id ? (sorting.desc ? 'desc' : 'asc') : false}
                onSort={column.sortBy === undefined ? null : () => onSort(column.id)}
              />
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {above > 0 && <tr aria-hidden style={{ height: above }} />}
          {items.map(({ index }) => {
            const of = rows[index];
            return (
              of && (
                <BodyRow
                  key={of.id}
                  row={of.row}
                  columns={shown}
                  index={index}
                  checkbox={selection && <SelectRow of={of} selection={selection} />}
                />
              )
            );
          })}
          {below > 0 && <tr aria-hidden style={{ height: below }} />}
        </Table.Tbody>
      </Table>
    </Box>
  );
}

/** A row that is still in sight after a step of scrolling is not made again. */
const BodyRow = memo(function BodyRow({
  row,
  columns,
  index,
  checkbox,
}: {
  readonly row: unknown;
  readonly columns: Columns;
  readonly index: number;
  readonly checkbox?: ReactNode;
}) {
  return (
    <Table.Tr h={ROW_PX} aria-rowindex={index + 2}>
      {checkbox && <Table.Td>{checkbox}</Table.Td>}
      {columns.map((column) => (
        <Table.Td
          key={column.id}
          ta={column.isNumber ? 'end' : undefined}
          style={{ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}
          onMouseEnter={showWhole}
        >
          {column.cell(row)}
        </Table.Td>
      ))}
    </Table.Tr>
  );
});

/** What is cut off in a cell is its title. */
function showWhole({ currentTarget: cell }: MouseEvent<HTMLTableCellElement>): void {
  cell.title = cell.scrollWidth > cell.clientWidth ? (cell.textContent ?? '') : '';
}

function toTableColumn<T>({ id, header, sortBy }: Column<T>) {
  const helper = createColumnHelper<typeof features, { row: T }>();
  const sortedBy = ({ row }: { row: T }): unknown => sortBy?.(row) ?? undefined;
  return helper.accessor(sortedBy, {
    id,
    header,
    enableSorting: sortBy !== undefined,
    sortFn: compareValues,
    sortUndefined: 'last',
  });
}

/** Numbers by size, texts as people sort them. */
function compareValues(
  one: { getValue: (id: string) => unknown },
  other: { getValue: (id: string) => unknown },
  id: string,
): number {
  const [a, b] = [one.getValue(id), other.getValue(id)];
  return typeof a === 'number' && typeof b === 'number' ? a - b : compareTexts(String(a), String(b));
}

function HeaderCell({
  column,
  direction,
  onSort,
}: {
  readonly column: Column<unknown>;
  readonly direction: false | 'asc' | 'desc';
  readonly onSort: (() => void) | null;
}) {
  const { header, isNumber, width } = column;
  const order = direction === 'asc' ? 'ascending' : direction === 'desc' ? 'descending' : 'none';
  return (
    <Table.Th w={width} ta={isNumber ? 'end' : undefined} {...(onSort ? { 'aria-sort': order } : {})}>
      {onSort === null ? (
        header
      ) : (
        <UnstyledButton onClick={onSort} fz="sm" fw={600} style={{ whiteSpace: 'nowrap' }}>
          <Group gap={4} wrap="nowrap" component="span">
            {header}
            {direction === 'asc' && <IconArrowUp size={14} aria-hidden />}
            {direction === 'desc' && <IconArrowDown size={14} aria-hidden />}
          </Group>
        </UnstyledButton>
      )}
    </Table.Th>
  );
}
