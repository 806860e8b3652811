import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { pages } from '../api/paths.ts';
import type { DocumentImport } from '../api/types.ts';
import { formatNumber, formatShare } from '../parts/formats.ts';
import { Instant } from '../parts/instant.tsx';
import { Part } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { t } from '../texts/texts.ts';
import { ExpectForm } from './expect-form.tsx';
import { ExpectedBadge } from './expected-badge.tsx';

/**
 * When the next file of an import is due, how the last one was, and the form that says what is
 * expected.
 */
export function ExpectedPart({ of, mayEdit }: { readonly of: DocumentImport; readonly mayEdit: boolean }) {
  const [isEditing, setEditing] = useState(false);
  const edit = mayEdit && (
    <Button variant="default" size="xs" onClick={() => setEditing(true)}>
      {of.expect === undefined ? t.expected.set : t.expected.change}
    </Button>
  );
  return (
    <Part title={t.expected.title} actions={edit}>
      {of.expect === undefined || of.expected === undefined ? (
        <Text size="sm" c="dimmed">
          {t.expected.nothing}
        </Text>
      ) : (
        <Stack gap={6}>
          <Group gap="sm">
            <ExpectedBadge expected={of.expected} />
            <Text size="sm">
              {t.expected.nextDue} <Instant instant={of.expected.due_ts} />
            </Text>
          </Group>
          <Text size="sm">{ruleOf(of.expect)}</Text>
          <LastFile of={of} expected={of.expected} />
        </Stack>
      )}
      {isEditing && <ExpectForm of={of} onClose={() => setEditing(false)} />}
    </Part>
  );
}

function LastFile({
  of,
  expected,
}: {
  readonly of: DocumentImport;
  readonly expected: NonNullable<DocumentImport['expected']>;
}) {
  const {
    last_execution_id: id,
    last_end_date: end,
    last_commands: commands,
    usual_commands: usual,
  } = expected;
  if (id === null || end === null) return <Text size="sm">{t.expected.noFile}</Text>;
  return (
    <Text size="sm">
      {t.expected.lastFile}{' '}
      <PageLink to={pages.execution(of.datamart_id, of.id, id)}>{t.expected.run(id)}</PageLink>,{' '}
      <Instant instant={end} />, {t.expected.commands(formatNumber(commands ?? 0))}
      {usual === null ? '' : `, ${t.expected.usually(formatNumber(usual))}`}
    </Text>
  );
}

/** `Every 1d by 06:00 (Europe/Paris), at least 1,000 lines` */
function ruleOf(expect: NonNullable<DocumentImport['expect']>): string {
  const { every, by, on, time_zone, min_commands, max_change, max_failure_ratio } = expect;
  return [
    t.expected.schedule({ every, by, on: on === null ? null : on.join(', '), zone: time_zone }),
    ...(min_commands === null ? [] : [t.expected.atLeast(formatNumber(min_commands))]),
    ...(max_change === null ? [] : [t.expected.changed(formatShare(max_change, 1))]),
    ...(max_failure_ratio === null ? [] : [t.expected.failed(formatShare(max_failure_ratio, 1))]),
  ].join(', ');
}
