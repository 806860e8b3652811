import { Code, Table, Text } from '@mantine/core';
import { isRejection } from '../../../src/import/document-format.ts';
import type { Command } from '../../../src/model/command.ts';
import { formatSpan } from '../parts/formats.ts';
import { ServerText } from '../parts/server-text.tsx';
import { textOf } from '../parts/text-of.ts';
import { t } from '../texts/texts.ts';
import type { ReadRecord } from './read-sample.ts';

const MOST_ROWS = 8;

/**
 * The first records, with mistakes in half of the rows if there are as many: they are what one
 * looks for.
 */
function chosen(records: readonly ReadRecord[]): readonly ReadRecord[] {
  const bad = records.filter(({ outcome }) => isRejection(outcome));
  const good = records.filter(({ outcome }) => !isRejection(outcome));
  const mostGood = Math.max(MOST_ROWS / 2, MOST_ROWS - bad.length);
  const shown = [...good.slice(0, mostGood), ...bad.slice(0, MOST_ROWS - Math.min(good.length, mostGood))];
  return shown.sort((one, other) => one.line - other.line);
}

/** Records beside what the service would make of them. */
export function RecordsTable({
  records,
  segmentNames,
}: {
  readonly records: readonly ReadRecord[];
  readonly segmentNames: ReadonlyMap<string, string>;
}) {
  return (
    <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table fz="sm" verticalSpacing={4} aria-label={t.preview.title}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={70}>{t.preview.line}</Table.Th>
            <Table.Th w={100}>{t.preview.operation}</Table.Th>
            <Table.Th>{t.preview.user}</Table.Th>
            <Table.Th>{t.preview.segments}</Table.Th>
            <Table.Th>{t.preview.expiry}</Table.Th>
            <Table.Th>{t.preview.dataBag}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {chosen(records).map(({ line, outcome, user }) => (
            <Table.Tr key={line}>
              <Table.Td>{line}</Table.Td>
              {isRejection(outcome) ? (
                <Table.Td colSpan={5}>
                  <Text size="sm" c="var(--mantine-color-orange-text)" span>
                    <Code>{outcome.code}</Code>{' '}
                    <ServerText
                      message={outcome.message}
                      meaning={textOf(t.failures.meanings, outcome.code)}
                    />
                  </Text>
                </Table.Td>
              ) : (
                <CommandCells command={outcome} user={user} segmentNames={segmentNames} />
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function CommandCells({
  command: { operation, identifier, targets, dataBag },
  user,
  segmentNames,
}: {
  readonly command: Command;
  readonly user: string;
  readonly segmentNames: ReadonlyMap<string, string>;
}) {
  const until = [...new Set(targets.map(({ expiresAt }) => expiresAt))];
  return (
    <>
      <Table.Td>{t.preview.operations[operation]}</Table.Td>
      <Table.Td>
        {t.identifiers[identifier.kind]} <Code>{user}</Code>
      </Table.Td>
      <Table.Td>
        {targets.map(({ segmentId }) => segmentNames.get(segmentId) ?? segmentId).join(', ')}
      </Table.Td>
      <Table.Td>{operation === 'DELETE' ? '' : until.map(expiryOf).join(', ')}</Table.Td>
      <Table.Td>{dataBag !== null && <Code>{dataBag.slice(0, 60)}</Code>}</Table.Td>
    </>
  );
}

function expiryOf(instant: number | null): string {
  if (instant === null) return t.units.never;
  const left = instant - Date.now();
  return left <= 0 ? t.units.over : t.units.in(formatSpan(left));
}
