import { Anchor } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

/**
 * A link to a page of the console, by its whole path. Within a sentence it is told from it by more
 * than its color.
 */
export function PageLink({
  to,
  isInText = false,
  children,
}: {
  readonly to: string;
  readonly isInText?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <Anchor component={Link} href={`~${to}`} size="sm" underline={isInText ? 'always' : 'hover'}>
      {children}
    </Anchor>
  );
}
