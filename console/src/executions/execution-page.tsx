import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { importsPath, pages } from '../api/paths.ts';
import { documentImport, segment } from '../api/queries.ts';
import type { Execution } from '../api/types.ts';
import { hasEnded, useExecution } from '../api/use-execution.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { useSession } from '../session/session.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { Counts } from './counts.tsx';
import { Downloads } from './downloads.tsx';
import { Effects } from './effects.tsx';
import { ExecutionProgress } from './execution-progress.tsx';
import { Failures } from './failures.tsx';
import { ResendExecution } from './resend-execution.tsx';
import { RevertExecution } from './revert-execution.tsx';
import { RunChips } from './run-chips.tsx';
import { fileNameOf } from './run-name.tsx';
import { SegmentSizes } from './segment-sizes.tsx';
import { ExecutionTimeline } from './timeline.tsx';
import { Warnings } from './warnings.tsx';
import { WhoLeft } from './who-left.tsx';

/** One file and all that became of it. `owner` is the import, or the segment of a user list. */
export default function ExecutionPage({
  kind,
  owner,
  id,
}: {
  readonly kind: 'IMPORT' | 'USER_LIST';
  readonly owner: string;
  readonly id: string;
}) {
  const dm = useDatamartId();
  const isImport = kind === 'IMPORT';
  const ownerImport = useQuery({ ...documentImport(dm, owner), enabled: isImport });
  const ownerSegment = useQuery({ ...segment(owner), enabled: !isImport });
  const path = isImport
    ? `${importsPath(dm)}/${owner}/executions/${id}`
    : `/v1/datamarts/${dm}/audience_segments/${owner}/user_list_imports/${id}`;
  const query = useExecution(path);
  const crumbs = isImport
    ? [
        { label: t.imports.title, to: pages.imports(dm) },
        { label: ownerImport.data?.name ?? owner, to: pages.import(dm, owner) },
      ]
    : [
        { label: t.segments.title, to: pages.segments(dm) },
        { label: ownerSegment.data?.name ?? owner, to: pages.segment(dm, owner) },
      ];
  return (
    <Loaded query={query}>
      {(execution) => (
        <Page
          title={fileNameOf(execution)}
          number={execution.id}
          crumbs={crumbs}
          subtitle={
            <RunChips execution={execution} format={isImport ? ownerImport.data?.mime_type : 'TEXT_CSV'} />
          }
          actions={<Actions execution={execution} />}
        >
          <ExecutionProgress execution={execution} />
          <WhoLeft execution={execution} />
          <Stack gap="xl">
            <Counts execution={execution} />
            <SegmentSizes execution={execution} />
            {hasEnded(execution) && execution.dry_run !== true && <Effects path={path} />}
            {hasEnded(execution) && <Failures execution={execution} />}
            {hasEnded(execution) && <Warnings execution={execution} />}
            <ExecutionTimeline execution={execution} />
          </Stack>
        </Page>
      )}
    </Loaded>
  );
}

function Actions({ execution }: { readonly execution: Execution }) {
  const { may } = useSession();
  return (
    <>
      <Downloads execution={execution} />
      {may('editor') && (
        <>
          <ResendExecution execution={execution} what="FAILED_LINES" />
          <ResendExecution execution={execution} what="FILE" />
          {hasEnded(execution) && <RevertExecution execution={execution} />}
        </>
      )}
    </>
  );
}
