import { Alert, Button, Center, Code, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { ApiProblem } from '../api/client.ts';
import { t } from '../texts/texts.ts';

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
        {error instanceof Error && error.message !== '' && <Text size="sm">{error.message}</Text>}
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
export function lineOf(error: unknown): string {
  const { title, advice } = adviceFor(error);
  const said = error instanceof Error ? error.message : '';
  return `${said === '' ? title : said}. ${advice}`.replace('..', '.');
}

function adviceFor(error: unknown): { readonly title: string; readonly advice: string } {
  if (!(error instanceof ApiProblem)) return t.problems.others;
  const known: Readonly<Record<string, { title: string; advice: string }>> = t.problems.byCode;
  return known[error.code] ?? (error.status >= 500 ? t.problems.fault : t.problems.refusal);
}
