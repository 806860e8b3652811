import { Text, Timeline } from '@mantine/core';
import { pages } from '../api/paths.ts';
import type { Execution } from '../api/types.ts';
import { hasEnded } from '../api/use-execution.ts';
import { formatSpan } from '../parts/formats.ts';
import { Instant } from '../parts/instant.tsx';
import { Part } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { t } from '../texts/texts.ts';

type Step = {
  readonly key: string;
  readonly title: string;
  readonly at: number | null;
  readonly text: string;
};

/** What happened to an execution, and when. */
export function ExecutionTimeline({ execution }: { readonly execution: Execution }) {
  const steps = stepsOf(execution);
  const { reverts_execution_id: reverts, reverted_by_execution_id: revertedBy } = execution;
  return (
    <Part title={t.timeline.title}>
      <Timeline active={steps.length - 1} bulletSize={16} lineWidth={2}>
        {steps.map(({ key, title, at, text }) => (
          <Timeline.Item key={key} title={title}>
            <Text size="sm" c="dimmed">
              {at !== null && <Instant instant={at} />}
              {at !== null && text !== '' && ' · '}
              {text}
            </Text>
          </Timeline.Item>
        ))}
        {reverts !== undefined && (
          <Timeline.Item title={t.timeline.reverts}>
            <PageLink to={pageOfSibling(execution, reverts)}>{t.executions.number(reverts)}</PageLink>
          </Timeline.Item>
        )}
        {revertedBy !== undefined && (
          <Timeline.Item title={t.timeline.revertedBy}>
            <PageLink to={pageOfSibling(execution, revertedBy)}>{t.executions.number(revertedBy)}</PageLink>
          </Timeline.Item>
        )}
      </Timeline>
    </Part>
  );
}

function stepsOf(execution: Execution): readonly Step[] {
  const { creation_date: received, start_date: started, duration, status } = execution;
  const steps: Step[] = [{ key: 'received', title: t.timeline.received, at: received, text: '' }];
  if (started !== null) {
    const waited = t.timeline.waited(formatSpan(Math.max(0, started - received)));
    steps.push({ key: 'started', title: t.timeline.started, at: started, text: waited });
  }
  if (hasEnded(execution) && duration !== null) {
    steps.push({
      key: 'ended',
      title: t.status[status],
      at: started === null ? null : started + duration,
      text: t.timeline.took(formatSpan(duration)),
    });
  }
  return steps;
}

/** The two of a revert are of the same import or segment. */
function pageOfSibling({ parameters }: Execution, id: string): string {
  const { datamart_id, document_import_id, segment_id } = parameters;
  return document_import_id === undefined
    ? pages.userList(String(datamart_id), segment_id ?? '', id)
    : pages.execution(String(datamart_id), String(document_import_id), id);
}
