import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

/**
 * Lets a table scroll by itself where the screen is narrower than it, so that the page does not.
 */
export function WideTable({
  minWidth,
  children,
}: {
  readonly minWidth: number;
  readonly children: ReactNode;
}) {
  return (
    <Table.ScrollContainer minWidth={minWidth} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      {children}
    </Table.ScrollContainer>
  );
}
