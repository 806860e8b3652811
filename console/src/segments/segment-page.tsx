import { Button, DataList, Group, Stack, Tabs } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconUpload } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { send } from '../api/client.ts';
import { pages } from '../api/paths.ts';
import { segment as segmentQuery } from '../api/queries.ts';
import type { Segment } from '../api/types.ts';
import { ConfirmedAction } from '../parts/confirmed-action.tsx';
import { formatNumber, formatSpan } from '../parts/formats.ts';
import { Ago } from '../parts/instant.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { useSession } from '../session/session.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { ChangingExecutions } from './changing-executions.tsx';
import { Exports } from './exports.tsx';
import { ForecastPart } from './forecast.tsx';
import { HistoryPart } from './history.tsx';
import { Members } from './members.tsx';
import { OverlapsOf } from './overlaps-of.tsx';
import { SegmentForm } from './segment-form.tsx';
import { isImportable, SegmentState } from './segments-page.tsx';
import { UploadList } from './upload-list.tsx';

/** One segment: how it grew, who is in it, what changed it, and whom it shares. */
export default function SegmentPage({ id }: { readonly id: string }) {
  const dm = useDatamartId();
  const query = useQuery(segmentQuery(id));
  return (
    <Loaded query={query}>
      {(segment) => (
        <Page
          title={segment.name}
          crumbs={[{ label: t.segments.title, to: pages.segments(dm) }]}
          subtitle={segment.short_description ?? undefined}
          actions={<Actions segment={segment} />}
        >
          <Facts segment={segment} />
          <Tabs defaultValue="history" keepMounted={false}>
            <Tabs.List>
              {(['history', 'executions', 'members', 'overlaps', 'exports'] as const).map((tab) => (
                <Tabs.Tab key={tab} value={tab}>
                  {t.segments.tabs[tab]}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value="history" pt="md">
              <Stack gap="xl">
                <HistoryPart segmentId={id} />
                <ForecastPart segmentId={id} />
              </Stack>
            </Tabs.Panel>
            <Tabs.Panel value="executions" pt="md">
              <ChangingExecutions segmentId={id} />
            </Tabs.Panel>
            <Tabs.Panel value="members" pt="md">
              <Members segmentId={id} />
            </Tabs.Panel>
            <Tabs.Panel value="overlaps" pt="md">
              <OverlapsOf segmentId={id} />
            </Tabs.Panel>
            <Tabs.Panel value="exports" pt="md">
              <Exports segmentId={id} />
            </Tabs.Panel>
          </Tabs>
        </Page>
      )}
    </Loaded>
  );
}

function Facts({ segment: of }: { readonly segment: Segment }) {
  const facts = [
    { label: t.segments.members, value: formatNumber(of.user_points_count) },
    { label: t.segments.withAccount, value: formatNumber(of.user_accounts_count) },
    { label: t.segments.withEmail, value: formatNumber(of.emails_count) },
    { label: t.segments.withAgent, value: formatNumber(of.user_agents_count) },
    { label: t.segments.technicalName, value: of.technical_name ?? '–' },
    { label: t.segments.ttl, value: of.default_ttl === null ? '–' : formatSpan(of.default_ttl) },
    { label: t.segments.id, value: of.id },
    { label: t.segments.changed, value: <Ago instant={of.last_modified_ts} /> },
  ];
  return (
    <Group gap="xl" align="flex-start">
      {facts.map(({ label, value }) => (
        <DataList key={label} orientation="vertical" gap={0}>
          <DataList.Item>
            <DataList.ItemLabel>{label}</DataList.ItemLabel>
            <DataList.ItemValue>{value}</DataList.ItemValue>
          </DataList.Item>
        </DataList>
      ))}
      <SegmentState segment={of} />
    </Group>
  );
}

function Actions({ segment }: { readonly segment: Segment }) {
  const client = useQueryClient();
  const { may } = useSession();
  const [, navigate] = useLocation();
  const [isEdited, editing] = useDisclosure(false);
  const [isUploading, uploading] = useDisclosure(false);
  if (!may('editor')) return null;
  const path = `/v1/audience_segments/${segment.id}`;
  const forget = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ['segments'] }),
      client.invalidateQueries({ queryKey: ['segment', segment.id] }),
    ]);
  const { paused } = segment;
  return (
    <>
      {isImportable(segment) && (
        <Button size="xs" leftSection={<IconUpload size={14} aria-hidden />} onClick={uploading.open}>
          {t.lists.upload}
        </Button>
      )}
      {isUploading && <UploadList segment={segment} onClose={uploading.close} />}
      <Button variant="default" size="xs" onClick={editing.open}>
        {t.segments.edit}
      </Button>
      <ConfirmedAction
        key={paused ? 'resume' : 'pause'}
        label={paused ? t.segments.resume : t.segments.pause}
        title={paused ? t.segments.resumeTitle : t.segments.pauseTitle}
        text={paused ? t.segments.resumeText : t.segments.pauseText}
        run={() => send('PUT', path, { paused: !paused })}
        onDone={forget}
      />
      <ConfirmedAction
        label={t.segments.delete}
        title={t.segments.deleteTitle(segment.name)}
        text={t.segments.deleteText(formatNumber(segment.user_points_count))}
        color="red"
        run={() => send('DELETE', path)}
        onDone={() => {
          navigate(`~${pages.segments(segment.datamart_id)}`);
          return client.invalidateQueries({ queryKey: ['segments'] });
        }}
      />
      <SegmentForm key={String(isEdited)} isOpen={isEdited} onClose={editing.close} segment={segment} />
    </>
  );
}
