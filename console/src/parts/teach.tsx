import { EmptyState, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { CopyLine } from './copy-line.tsx';

/**
 * Stands where there is nothing yet: what will be here, and lines that bring it about against this
 * very service.
 */
export function Teach({
  title,
  text,
  lines = [],
  icon,
  children,
}: {
  readonly title: string;
  readonly text: string;
  readonly lines?: readonly { readonly label: string; readonly line: string }[];
  readonly icon: ReactNode;
  readonly children?: ReactNode;
}) {
  return (
    <EmptyState title={title} description={text} icon={icon} py="xl">
      <Stack
        gap="sm"
        // the lines for a terminal are as long as they are: what is beside the page says how much
        // room there is
        w={{ base: 'calc(100vw - 32px)', sm: 'min(720px, calc(100vw - 244px))' }}
        align="stretch"
        ta="start"
      >
        {children}
        {lines.map(({ label, line }) => (
          <div key={label}>
            <Text size="sm" mb={4}>
              {label}
            </Text>
            <CopyLine line={line} />
          </div>
        ))}
      </Stack>
    </EmptyState>
  );
}
