import { AppShell, Box, Burger, Group, Image, NavLink, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import {
  IconActivity,
  IconCircles,
  IconFileImport,
  IconHome,
  IconListDetails,
  IconSettings,
  IconUserSearch,
  IconUsersGroup,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { pages } from '../api/paths.ts';
import { datamarts } from '../api/queries.ts';
import icon from '../icon.svg';
import { useSession } from '../session/session.tsx';
import { t } from '../texts/texts.ts';
import { UploadsLink } from '../uploads/uploads-link.tsx';
import { keepDatamart, useDatamartId } from './datamart.ts';
import { DatamartSelect } from './datamart-select.tsx';
import { SearchButton } from './search-button.tsx';
import { SessionMenu } from './session-menu.tsx';
import { useShortcuts } from './use-shortcuts.ts';

const Search = lazy(() => import('./search.tsx'));
const Help = lazy(() => import('./help.tsx'));

/** What stands around every page: where one is, where one can go, whose token it is. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const dm = useDatamartId();
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const [isSearched, setSearched] = useState(false);
  useEffect(() => keepDatamart(dm), [dm]);
  const [isHelpOpen, help] = useDisclosure(false);
  useHotkeys([['mod+K', () => setSearched(true)]], []);
  usePageShortcuts(dm, { onSearch: () => setSearched(true), onHelp: help.open });
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 196, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <a className="skip" href="#main">
        {t.shell.skip}
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t.shell.menu} />
            <UnstyledButton component={Link} href={`~${pages.home(dm)}`} aria-label={t.product}>
              <Group gap={8} wrap="nowrap">
                <Image src={icon} alt="" w={24} h={24} />
                <Text fw={700} visibleFrom="xs">
                  {t.product}
                </Text>
              </Group>
            </UnstyledButton>
            <Box w={160} visibleFrom="sm">
              <DatamartSelect />
            </Box>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <UploadsLink />
            <SearchButton onOpen={() => setSearched(true)} />
            <SessionMenu onHelp={help.open} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t.shell.pages}>
        <DatamartOfDrawer onGo={close} />
        <PageLinks dm={dm} onFollow={close} />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        {children}
      </AppShell.Main>
      {isHelpOpen && (
        <Suspense fallback={null}>
          <Help onClose={help.close} />
        </Suspense>
      )}
      {isSearched && (
        <Suspense fallback={null}>
          <Search onClose={() => setSearched(false)} />
        </Suspense>
      )}
    </AppShell>
  );
}

/**
 * `/` searches the page, or all pages where it has no search of its own; `g` and a letter go to a
 * page.
 */
function usePageShortcuts(
  dm: string,
  { onSearch, onHelp }: { readonly onSearch: () => void; readonly onHelp: () => void },
): void {
  const [, navigate] = useLocation();
  const go = (to: string) => () => navigate(`~${to}`);
  useShortcuts({
    '/': () => {
      const own = document.querySelector<HTMLInputElement>('main [data-search]');
      if (own === null) onSearch();
      else own.focus();
    },
    '?': onHelp,
    'g h': go(pages.home(dm)),
    'g i': go(pages.imports(dm)),
    'g r': go(pages.runs(dm)),
    'g s': go(pages.segments(dm)),
    'g u': go(pages.users(dm)),
    'g o': go(pages.operations(dm)),
  });
}

/**
 * On a phone the header has no room for it; where there is one datamart there is nothing to choose.
 */
function DatamartOfDrawer({ onGo }: { readonly onGo: () => void }) {
  const { data = [] } = useQuery(datamarts());
  if (data.length < 2) return null;
  return (
    <Box hiddenFrom="sm" mb="xs">
      <DatamartSelect onGo={onGo} />
    </Box>
  );
}

function PageLinks({ dm, onFollow }: { readonly dm: string; readonly onFollow: () => void }) {
  const [path] = useLocation();
  const { may } = useSession();
  const links = [
    { label: t.shell.home, path: '/home', to: pages.home(dm), icon: IconHome },
    { label: t.shell.imports, path: '/imports', to: pages.imports(dm), icon: IconFileImport },
    { label: t.shell.runs, path: '/runs', to: pages.runs(dm), icon: IconListDetails },
    { label: t.shell.segments, path: '/segments', to: pages.segments(dm), icon: IconUsersGroup },
    { label: t.shell.overlaps, path: '/overlaps', to: pages.overlaps(dm), icon: IconCircles },
    { label: t.shell.users, path: '/users', to: pages.users(dm), icon: IconUserSearch },
    { label: t.shell.operations, path: '/operations', to: pages.operations(dm), icon: IconActivity },
    ...(may('editor')
      ? [{ label: t.shell.settings, path: '/settings', to: pages.settings(dm), icon: IconSettings }]
      : []),
  ];
  return links.map(({ label, path: start, to, icon: Icon }) => (
    <NavLink
      key={start}
      component={Link}
      href={`~${to}`}
      label={label}
      leftSection={<Icon size={18} aria-hidden />}
      active={path.startsWith(start)}
      aria-current={path.startsWith(start) ? 'page' : undefined}
      onClick={onFollow}
    />
  ));
}
