import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { send } from '../api/client.ts';
import { sourcePath } from '../api/paths.ts';
import { source as sourceQuery } from '../api/queries.ts';
import type { DocumentImport, Source, SourceTest } from '../api/types.ts';
import { ConfirmedAction } from '../parts/confirmed-action.tsx';
import { formatNumber } from '../parts/formats.ts';
import { Ago, Instant } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Part } from '../parts/page.tsx';
import { Problem } from '../parts/problem.tsx';
import { ServerText } from '../parts/server-text.tsx';
import { t } from '../texts/texts.ts';
import { bodyOf, draftOf } from './source-draft.ts';
import { SourceFiles } from './source-files.tsx';
import { SourceForm } from './source-form.tsx';
import { placeOf, SourceBadge, whenOf } from './source-text.tsx';
import { Tested } from './tested.tsx';

/** How often a source is asked about: while it is pulled, and otherwise. */
const PULLING_MS = 1_000;
const IDLE_MS = 15_000;

/** Where the files of an import are pulled from, what came of it, and what can be done about it. */
export function SourcePart({ of: { id, name, datamart_id: dm } }: { readonly of: DocumentImport }) {
  const client = useQueryClient();
  const [isEditing, editing] = useDisclosure(false);
  const path = sourcePath(dm, id);
  const query = useQuery({
    ...sourceQuery(dm, id),
    refetchInterval: ({ state: { data } }) =>
      data === null || data === undefined ? false : data.status === 'IDLE' ? IDLE_MS : PULLING_MS,
  });
  const test = useMutation({ mutationFn: () => send<SourceTest>('POST', `${path}/test`) });
  const { mutate, error, isPending } = useMutation({
    mutationFn: (body: { readonly dry_run: boolean }) => send<Source>('POST', `${path}/run`, body),
    onSuccess: (source) => {
      // what a run would take is not what it was before it
      test.reset();
      client.setQueryData(sourceQuery(dm, id).queryKey, source);
    },
  });
  const lastEnd = query.data?.last_run?.end_date;
  // what was taken is in the lists of runs
  useEffect(() => {
    if (lastEnd !== undefined) void client.invalidateQueries({ queryKey: ['executions'] });
  }, [lastEnd, client]);
  return (
    <Part title={t.sources.one}>
      <Loaded query={query} rows={2}>
        {(source) =>
          source === null ? (
            <Group gap="sm">
              <Text size="sm" c="dimmed">
                {t.sources.none}
              </Text>
              <Button
                variant="default"
                size="xs"
                leftSection={<IconPlus size={14} aria-hidden />}
                onClick={editing.open}
              >
                {t.sources.create}
              </Button>
            </Group>
          ) : (
            <Stack gap="sm">
              <About source={source} />
              <Group gap="xs">
                <Button size="xs" loading={isPending} onClick={() => mutate({ dry_run: false })}>
                  {t.sources.pull}
                </Button>
                <Button
                  size="xs"
                  variant="default"
                  loading={isPending}
                  onClick={() => mutate({ dry_run: true })}
                >
                  {t.uploads.dryRun}
                </Button>
                <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
                  {t.sources.test}
                </Button>
                <PauseButton source={source} />
                <Button size="xs" variant="default" onClick={editing.open}>
                  {t.sources.edit}
                </Button>
                <ConfirmedAction
                  label={t.sources.delete}
                  title={t.sources.deleteTitle(name)}
                  text={t.sources.deleteText}
                  color="red"
                  run={() => send('DELETE', path)}
                  onDone={() => {
                    test.reset();
                    return client.invalidateQueries({ queryKey: ['sources', dm] });
                  }}
                />
              </Group>
              {error !== null && <Problem error={error} />}
              {test.error !== null && <Problem error={test.error} />}
              {test.data !== undefined && <Tested test={test.data} />}
              <SourceFiles source={source} />
            </Stack>
          )
        }
      </Loaded>
      {isEditing && query.data !== undefined && (
        <SourceForm
          source={query.data}
          imports={[{ id, name }]}
          onClose={editing.close}
          onSaved={() => test.mutate()}
        />
      )}
    </Part>
  );
}

function About({ source }: { readonly source: Source }) {
  const { kind, last_run: last, next_run_ts: next, pattern, enabled } = source;
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <SourceBadge source={source} />
        <Text size="sm">{t.sources.kinds[kind]}</Text>
        <Code style={{ overflowWrap: 'anywhere' }}>{placeOf(source)}</Code>
        {pattern !== null && <Code style={{ overflowWrap: 'anywhere' }}>{pattern}</Code>}
      </Group>
      <Text size="sm" component="div">
        {whenOf(source)}
        {enabled && next !== null && (
          <>
            {' · '}
            {t.sources.next} <Instant instant={next} />
          </>
        )}
      </Text>
      {last !== null && (
        <Text size="sm" component="div">
          {last.dry_run ? t.sources.lastDryRun : t.sources.last} <Ago instant={last.end_date} />
          {' · '}
          {t.sources.took(formatNumber(last.files_taken), formatNumber(last.files_refused))}
        </Text>
      )}
      {last?.status === 'FAILED' && (
        <Alert color="red" title={t.sources.runFailed}>
          {last.error !== null && <ServerText message={last.error} />}
        </Alert>
      )}
    </Stack>
  );
}

/** A source that is paused keeps no schedule; a run can be asked for all the same. */
function PauseButton({ source }: { readonly source: Source }) {
  const { enabled, datamart_id: dm, document_import_id: importId, schedule } = source;
  const client = useQueryClient();
  const { mutate, error, isPending } = useMutation({
    mutationFn: () =>
      send<Source>('PUT', sourcePath(dm, importId), {
        ...bodyOf({ ...draftOf(source, 'UTC'), enabled: !enabled }),
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['sources', dm] }),
  });
  if (schedule === null && enabled) return null;
  return (
    <>
      <Button size="xs" variant="default" loading={isPending} onClick={() => mutate()}>
        {enabled ? t.sources.pause : t.sources.resume}
      </Button>
      {error !== null && <Problem error={error} />}
    </>
  );
}
