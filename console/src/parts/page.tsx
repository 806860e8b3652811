import { Anchor, Badge, Breadcrumbs, Group, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { t } from '../texts/texts.ts';

/** A page of the console: where it lies, its name, what can be done, and its content. */
export function Page({
  title,
  number,
  subtitle,
  crumbs = [],
  actions,
  children,
}: {
  readonly title: string;
  /** Tells it from others of the same title. */
  readonly number?: string;
  readonly subtitle?: ReactNode;
  readonly crumbs?: readonly { readonly label: string; readonly to: string }[];
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  useDocumentTitle(`${title}${number === undefined ? '' : ` #${number}`} · ${t.product}`);
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-end" gap="sm">
        <Stack gap={2} style={{ minWidth: 0 }}>
          {crumbs.length > 0 && (
            <Breadcrumbs separatorMargin={6} fz="sm">
              {crumbs.map(({ label, to }) => (
                <Anchor key={to} component={Link} href={`~${to}`} size="sm">
                  {label}
                </Anchor>
              ))}
            </Breadcrumbs>
          )}
          <Group gap="xs">
            <Title order={1} size="h3" style={{ overflowWrap: 'anywhere' }}>
              {title}
            </Title>
            {number !== undefined && (
              <Badge variant="default" size="lg">
                #{number}
              </Badge>
            )}
          </Group>
          {subtitle !== undefined && (
            <Text component="div" size="sm" c="dimmed">
              {subtitle}
            </Text>
          )}
        </Stack>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

/** A part of a page under a heading of its own. */
export function Part({
  title,
  actions,
  children,
}: {
  readonly title: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <Stack component="section" gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h5">
          {title}
        </Title>
        {actions}
      </Group>
      {children}
    </Stack>
  );
}
