import { Alert, Button, Center, Code, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ApiProblem } from '../api/client.ts';
import { t } from '../texts/texts.ts';
import { ServerText } from './server-text.tsx';

/** What went wrong, what the service said of it, and what to do. */
export function Problem({
  error,
  onRetry,
  isWholePage = false,
}: {
  readonly error: unknown;
  readonly onRetry?: (() => unknown) | undefined;
  readonly isWholePage?: boolean;
}) {
  const { title, advice } = adviceFor(error);
  const problem = (
    <Alert color="red" variant="light" role="alert" title={title} icon={<IconAlertTriangle />} maw={720}>
      <Stack gap="xs" align="flex-start">
        {error instanceof Error && error.message !== '' && (
          <Text size="sm">
            <ServerText message={error.message} />
          </Text>
        )}
        <Text size="sm">{advice}</Text>
        <Group>
          {onRetry && (
            <Button size="xs" variant="default" onClick={() => void onRetry()}>
              {t.problems.retry}
            </Button>
          )}
          {error instanceof ApiProblem && error.errorId !== null && (
            <Text size="xs" c="dimmed">
              {t.problems.errorId} <Code>{error.errorId}</Code>
            </Text>
          )}
        </Group>
      </Stack>
    </Alert>
  );
  return isWholePage ? (
    <Center component="main" mih="100vh" p="xl">
      {problem}
    </Center>
  ) : (
    problem
  );
}

/** A problem in one line, for notices. */
export function lineOf(error: unknown): ReactNode {
  const { title, advice } = adviceFor(error);
  const said = error instanceof Error ? error.message.replace(/\.$/, '') : '';
  if (said === '') return `${title}. ${advice}`;
  return (
    <>
      <ServerText message={`${said}.`} meaning={`${title}.`} /> {advice}
    </>
  );
}

type Advice = { readonly title: string; readonly advice: string };

/** What a code of the service means and what to do about it; undefined of one that is not known. */
export function adviceOf(code: string): Advice | undefined {
  const known: Readonly<Record<string, Advice>> = t.problems.byCode;
  return Object.hasOwn(known, code) ? known[code] : undefined;
}

function adviceFor(error: unknown): Advice {
  if (!(error instanceof ApiProblem)) return t.problems.others;
  return adviceOf(error.code) ?? (error.status >= 500 ? t.problems.fault : t.problems.refusal);
}
