import { List, Text } from '@mantine/core';
import { Fragment } from 'react';
import { executionPage } from '../api/paths.ts';
import type { Execution } from '../api/types.ts';
import { formatNumber } from '../parts/formats.ts';
import { PageLink } from '../parts/page-link.tsx';
import { t } from '../texts/texts.ts';

/**
 * Which run this one corrects, and which correct it, each with how many failed lines it repaired.
 */
export function Corrections({ execution }: { readonly execution: Execution }) {
  const { corrects_execution_id: corrects, repaired, corrected_by: corrections = [] } = execution;
  if (corrects === undefined && corrections.length === 0) return null;
  return (
    <List size="sm" listStyleType="none" aria-label={t.corrections.title}>
      {corrects !== undefined && (
        <List.Item>
          {typeof repaired === 'number'
            ? t.corrections.repairs(formatNumber(repaired))
            : t.corrections.corrects}{' '}
          <PageLink to={executionPage({ ...execution, id: corrects })} isInText>{`#${corrects}`}</PageLink>
        </List.Item>
      )}
      {corrections.length > 0 && (
        <List.Item>
          {t.corrections.failed(formatNumber(execution.result.total_failure))}
          {corrections.map(({ id, status, repaired: lines }) => (
            <Fragment key={id}>
              {', '}
              {lines === null ? t.corrections.corrected : t.corrections.repaired(formatNumber(lines))}{' '}
              <PageLink to={executionPage({ ...execution, id })} isInText>{`#${id}`}</PageLink>
              {status !== 'SUCCEEDED' && (
                <Text span inherit c="dimmed">
                  {` · ${t.status[status]}`}
                </Text>
              )}
            </Fragment>
          ))}
        </List.Item>
      )}
    </List>
  );
}
