import { Text, Timeline } from '@mantine/core';
import { pages } from '../api/paths.ts';
import type { Execution } from '../api/types.ts';
import { hasEnded } from '../api/use-execution.ts';
import { formatInstant, formatSpan } from '../parts/formats.ts';
import { Part } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { t } from '../texts/texts.ts';

type Step = { readonly key: string; readonly title: string; readonly text: string };

/** What happened to an execution, and when. */
export function ExecutionTimeline({ execution }: { readonly execution: Execution }) {
  const steps = stepsOf(execution);
  const { reverts_execution_id: reverts, reverted_by_execution_id: revertedBy } = execution;
  return (
    <Part title={t.timeline.title}>
      <Timeline active={steps.length - 1} bulletSize={16} lineWidth={2}>
        {steps.map(({ key, title, text }) => (
          <Timeline.Item key={key} title={title}>
            <Text size="sm" c="dimmed">
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
  const { creation_date: received, start_date: started, duration, status, user_id } = execution;
  const from = user_id === null ? '' : ` · ${t.timeline.byToken(user_id)}`;
  const steps: Step[] = [
    { key: 'received', title: t.timeline.received, text: `${formatInstant(received)}${from}` },
  ];
  if (started !== null) {
    const waited = t.timeline.waited(formatSpan(Math.max(0, started - received)));
    steps.push({ key: 'started', title: t.timeline.started, text: `${formatInstant(started)} · ${waited}` });
  }
  if (hasEnded(execution) && duration !== null) {
    const text = started === null ? '' : `${formatInstant(started + duration)} · `;
    steps.push({
      key: 'ended',
      title: t.status[status],
      text: `${text}${t.timeline.took(formatSpan(duration))}`,
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
