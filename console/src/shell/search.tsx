import '@mantine/spotlight/styles.css';
import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, type SpotlightActionData, spotlight } from '@mantine/spotlight';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { executionPage, pages } from '../api/paths.ts';
import { imports, runsOfFile, segments } from '../api/queries.ts';
import { fileNameOf } from '../executions/run-name.tsx';
import { formatInstant } from '../parts/formats.ts';
import { useSession } from '../session/session.tsx';
import { t } from '../texts/texts.ts';
import { useDatamartId } from './datamart.ts';

/** So many of each kind: who wants to see more goes to their list. */
const MOST_OF_A_KIND = 8;

/** From so many letters on files are looked for, when the typing rests. */
const MIN_LETTERS = 2;
const REST_MS = 200;

/** Goes to a page, an import, a run, a segment or a user by a few letters. */
export default function Search({ onClose }: { readonly onClose: () => void }) {
  const dm = useDatamartId();
  const { may } = useSession();
  const [, navigate] = useLocation();
  const [query, setQuery] = useState('');
  const { data: allImports = [] } = useQuery(imports(dm));
  const { data: allSegments = [] } = useQuery(segments(dm));
  const foundRuns = useFoundRuns(query.trim());
  useEffect(() => spotlight.open(), []);
  const go = (to: string) => () => navigate(`~${to}`);
  const has = (text: string | null) => text?.toLowerCase().includes(query.toLowerCase()) === true;

  const own: SpotlightActionData[] = [
    { id: 'home', label: t.shell.home, onClick: go(pages.home(dm)) },
    { id: 'imports', label: t.shell.imports, onClick: go(pages.imports(dm)) },
    { id: 'runs', label: t.shell.runs, onClick: go(pages.runs(dm)) },
    { id: 'segments', label: t.shell.segments, onClick: go(pages.segments(dm)) },
    { id: 'overlaps', label: t.shell.overlaps, onClick: go(pages.overlaps(dm)) },
    { id: 'users', label: t.shell.users, onClick: go(pages.users(dm)) },
    { id: 'operations', label: t.shell.operations, onClick: go(pages.operations(dm)) },
    ...(may('editor') ? [{ id: 'settings', label: t.shell.settings, onClick: go(pages.settings(dm)) }] : []),
  ].filter(({ label }) => has(label));
  const foundImports = allImports
    .filter(({ name, id }) => has(name) || id === query)
    .slice(0, MOST_OF_A_KIND)
    .map(({ id, name }) => ({ id: `import-${id}`, label: name, onClick: go(pages.import(dm, id)) }));
  const foundSegments = allSegments
    .filter((of) => has(of.name) || has(of.technical_name) || of.id === query)
    .slice(0, MOST_OF_A_KIND)
    .map(({ id, name, technical_name }) => ({
      id: `segment-${id}`,
      label: name,
      description: technical_name ?? '',
      onClick: go(pages.segment(dm, id)),
    }));
  const user =
    query.trim() === ''
      ? []
      : [
          {
            id: 'user',
            label: t.shell.lookUp(query.trim()),
            onClick: go(pages.users(dm, `user_account_id=${query.trim()}`)),
          },
        ];
  return (
    <Spotlight
      actions={[
        { group: t.shell.pages, actions: own },
        { group: t.shell.imports, actions: foundImports },
        {
          group: t.shell.runs,
          actions: foundRuns.map(({ to, ...action }) => ({ ...action, onClick: go(to) })),
        },
        { group: t.shell.segments, actions: foundSegments },
        { group: t.shell.users, actions: user },
      ].filter(({ actions }) => actions.length > 0)}
      filter={(_, actions) => actions}
      query={query}
      onQueryChange={setQuery}
      onSpotlightClose={onClose}
      shortcut={null}
      nothingFound={t.shell.nothingFound}
      searchProps={{ placeholder: t.shell.searchHint, 'aria-label': t.shell.search }}
      attributes={{ content: { 'aria-label': t.shell.search } }}
      // by itself the library makes it too pale to be read on the one that is chosen
      styles={{ actionDescription: { opacity: 1 } }}
      scrollable
      maxHeight={420}
    />
  );
}

/** The last runs of files that have these letters in their names. */
function useFoundRuns(letters: string) {
  const dm = useDatamartId();
  const [sought] = useDebouncedValue(letters, REST_MS);
  const isSought = sought.length >= MIN_LETTERS;
  const { data } = useQuery({ ...runsOfFile(dm, sought, MOST_OF_A_KIND), enabled: isSought });
  if (!isSought || data === undefined) return [];
  return data.data.map((execution) => ({
    id: `run-${execution.id}`,
    label: `${fileNameOf(execution)} #${execution.id}`,
    description: `${t.status[execution.status]} · ${formatInstant(execution.creation_date)}`,
    to: executionPage(execution),
  }));
}
