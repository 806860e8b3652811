import { Box, Group, Table, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type ReactNode, useMemo, useRef } from 'react';

/** A column: what is shown, and what it is sorted by, if it can be. */
export type Column<T> = {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: T) => ReactNode;
  readonly sortBy?: (row: T) => string | number | null;
  readonly isNumber?: boolean;
  /** CSS width; columns without one share what is left. */
  readonly width?: number | string;
};

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
const ROW_PX = 41;
/** Fewer rows than this are laid out all at once. */
const FEW_ROWS = 100;

/** A table that sorts, and lays out only the rows that are in sight where there are many of them. */
export function DataTable<T>({
  label,
  rows,
  columns,
  keyOf,
  sorted,
  height = 'calc(100vh - 190px)',
}: {
  /** Names the table for who does not see it. */
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string;
  readonly sorted?: { readonly id: string; readonly desc: boolean };
  /** CSS height that the table has at most. */
  readonly height?: string;
}) {
  const scroller = useRef<HTMLDivElement>(null);
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
  const shown = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: shown.length <= FEW_ROWS ? FEW_ROWS : 8,
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);

  return (
    <Box
      ref={scroller}
      tabIndex={0}
      role="region"
      aria-label={label}
      style={{ maxHeight: height, overflow: 'auto' }}
    >
      <Table stickyHeader highlightOnHover layout="fixed" aria-rowcount={shown.length + 1} miw={640}>
        <Table.Thead>
          {table.getHeaderGroups().map((group) => (
            <Table.Tr key={group.id}>
              {group.headers.map((header, at) => (
                <HeaderCell
                  key={header.id}
                  column={columns[at] as Column<unknown>}
                  direction={header.column.getIsSorted()}
                  onSort={header.column.getCanSort() ? () => header.column.toggleSorting() : null}
                />
              ))}
            </Table.Tr>
          ))}
        </Table.Thead>
        <Table.Tbody>
          {above > 0 && <tr aria-hidden style={{ height: above }} />}
          {items.map(({ index }) => {
            const row = shown[index];
            if (row === undefined) return null;
            return <BodyRow key={row.id} row={row.original.row} columns={columns as Columns} index={index} />;
          })}
          {below > 0 && <tr aria-hidden style={{ height: below }} />}
        </Table.Tbody>
      </Table>
    </Box>
  );
}

type Columns = readonly Column<unknown>[];

/** A row that is still in sight after a step of scrolling is not made again. */
const BodyRow = memo(function BodyRow({
  row,
  columns,
  index,
}: {
  readonly row: unknown;
  readonly columns: Columns;
  readonly index: number;
}) {
  return (
    <Table.Tr h={ROW_PX} aria-rowindex={index + 2}>
      {columns.map((column) => (
        <Table.Td
          key={column.id}
          ta={column.isNumber ? 'end' : undefined}
          style={{ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}
        >
          {column.cell(row)}
        </Table.Td>
      ))}
    </Table.Tr>
  );
});

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

const texts = new Intl.Collator();

/** Numbers by size, texts as people sort them. */
function compareValues(
  one: { getValue: (id: string) => unknown },
  other: { getValue: (id: string) => unknown },
  id: string,
): number {
  const [a, b] = [one.getValue(id), other.getValue(id)];
  return typeof a === 'number' && typeof b === 'number' ? a - b : texts.compare(String(a), String(b));
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
