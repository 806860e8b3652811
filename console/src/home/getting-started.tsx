import { Button, List, Paper, Stack, Text, Title } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { Link } from 'wouter';
import { saveAs } from '../api/download.ts';
import { pages } from '../api/paths.ts';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

/** A few users in one segment, as a file that the second step can use as it is. */
const SAMPLE = ['1001', '1002', '1003']
  .map(
    (user) =>
      `${JSON.stringify({ operation: 'UPDATE', user_account_id: user, segment_technical_name: 'vip', expiration_duration: 0 })}\n`,
  )
  .join('');

/** What to do first where there is nothing yet, in its order. */
export function GettingStarted() {
  const dm = useDatamartId();
  const steps = [
    { ...t.start.segment, action: <Go to={pages.segments(dm)} label={t.segments.title} /> },
    { ...t.start.import, action: <Go to={pages.imports(dm)} label={t.imports.title} /> },
    {
      ...t.start.file,
      action: (
        <Button
          variant="default"
          size="xs"
          leftSection={<IconDownload size={14} aria-hidden />}
          onClick={() => saveAs(new Blob([SAMPLE]), 'sample.ndjson')}
        >
          {t.start.sample}
        </Button>
      ),
    },
  ];
  return (
    <Paper withBorder p="md" maw={720} component="section" aria-label={t.start.title}>
      <Title order={2} size="h4" mb="sm">
        {t.start.title}
      </Title>
      <List type="ordered" spacing="md">
        {steps.map(({ title, text, action }) => (
          <List.Item key={title}>
            <Stack gap={6} align="flex-start">
              <Text fw={600}>{title}</Text>
              <Text size="sm">{text}</Text>
              {action}
            </Stack>
          </List.Item>
        ))}
      </List>
    </Paper>
  );
}

function Go({ to, label }: { readonly to: string; readonly label: string }) {
  return (
    <Button component={Link} href={`~${to}`} size="xs" variant="default">
      {label}
    </Button>
  );
}
