import { Tabs } from '@mantine/core';
import { useLocation } from 'wouter';
import { pages } from '../api/paths.ts';
import { Page } from '../parts/page.tsx';
import { useSession } from '../session/session.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { AuditLog } from './audit-log.tsx';
import { Now } from './now.tsx';
import { Tokens } from './tokens.tsx';
import { Webhooks } from './webhooks.tsx';

/** What the service is doing, and what operators see to. Tabs that the role may not see are not there. */
export default function OperationsPage({ tab }: { readonly tab: string }) {
  const dm = useDatamartId();
  const { may, mayAll } = useSession();
  const [, navigate] = useLocation();
  return (
    <Page title={t.operations.title}>
      <Tabs
        value={tab}
        onChange={(value) => value !== null && navigate(`~${pages.operations(dm, value)}`)}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="now">{t.operations.tabs.now}</Tabs.Tab>
          {may('editor') && <Tabs.Tab value="webhooks">{t.operations.tabs.webhooks}</Tabs.Tab>}
          {mayAll && <Tabs.Tab value="tokens">{t.operations.tabs.tokens}</Tabs.Tab>}
          {may('admin') && <Tabs.Tab value="audit">{t.operations.tabs.audit}</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="now" pt="md">
          <Now />
        </Tabs.Panel>
        <Tabs.Panel value="webhooks" pt="md">
          {may('editor') && <Webhooks />}
        </Tabs.Panel>
        <Tabs.Panel value="tokens" pt="md">
          {mayAll && <Tokens />}
        </Tabs.Panel>
        <Tabs.Panel value="audit" pt="md">
          {may('admin') && <AuditLog />}
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
