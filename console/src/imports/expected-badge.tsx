import { Badge, Group } from '@mantine/core';
import type { Expected } from '../api/types.ts';
import { t } from '../texts/texts.ts';

const COLORS: Readonly<Record<Expected['state'], string>> = {
  WAITING: 'gray',
  ON_TIME: 'teal',
  CAME_LATE: 'orange',
  LATE: 'red',
  MISSING: 'red',
};

/** How the files of an import come in, and what is not as expected of the last one. */
export function ExpectedBadge({ expected: { state, problems } }: { readonly expected: Expected }) {
  return (
    <Group gap={4} wrap="wrap">
      <Badge color={COLORS[state]} variant="light" autoContrast>
        {t.expected.states[state]}
      </Badge>
      {problems.map((problem) => (
        <Badge key={problem} color="orange" variant="light" autoContrast>
          {t.expected.problems[problem]}
        </Badge>
      ))}
    </Group>
  );
}
