import { Tabs } from '@mantine/core';
import { useLocation } from 'wouter';
import { pages } from '../api/paths.ts';
import { Page } from '../parts/page.tsx';
import { useSession } from '../session/session.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { NotFound } from '../shell/not-found.tsx';
import { t } from '../texts/texts.ts';
import { AuditLog } from './audit-log.tsx';
import { Sources } from './sources.tsx';
import { Tokens } from './tokens.tsx';
import { Webhooks } from './webhooks.tsx';

/** Webhooks, sources, tokens and the audit log. Tabs that the role may not see are not there. */
export default function SettingsPage({ tab }: { readonly tab: string }) {
  const dm = useDatamartId();
  const { may, mayAll } = useSession();
  const [, navigate] = useLocation();
  const tabs = [
    { value: 'webhooks', isSeen: may('editor'), Panel: Webhooks },
    { value: 'sources', isSeen: may('editor'), Panel: Sources },
    { value: 'tokens', isSeen: mayAll, Panel: Tokens },
    { value: 'audit', isSeen: may('admin'), Panel: AuditLog },
  ] as const;
  const seen = tabs.filter(({ isSeen }) => isSeen);
  if (!seen.some(({ value }) => value === tab)) return <NotFound />;
  return (
    <Page title={t.settings.title}>
      <Tabs
        value={tab}
        onChange={(value) => value !== null && navigate(`~${pages.settings(dm, value)}`)}
        keepMounted={false}
      >
        <Tabs.List>
          {seen.map(({ value }) => (
            <Tabs.Tab key={value} value={value}>
              {t.settings.tabs[value]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {seen.map(({ value, Panel }) => (
          <Tabs.Panel key={value} value={value} pt="md">
            <Panel />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
