import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { pages } from './api/paths.ts';
import { datamarts } from './api/queries.ts';
import { HomePage } from './home/home-page.tsx';
import { useLanguage } from './language/language.tsx';
import { Loaded } from './parts/loaded.tsx';
import { Loading } from './parts/loading.tsx';
import { Catch } from './shell/catch.tsx';
import { DatamartContext, keptDatamart } from './shell/datamart.ts';
import { NotFound } from './shell/not-found.tsx';
import { Shell } from './shell/shell.tsx';

// Each screen but the first comes when it is opened, with the charts or parsers that it alone
// needs.
const ImportsPage = lazy(() => import('./imports/imports-page.tsx'));
const ImportPage = lazy(() => import('./imports/import-page.tsx'));
const ExecutionPage = lazy(() => import('./executions/execution-page.tsx'));
const RunsPage = lazy(() => import('./executions/runs-page.tsx'));
const SegmentsPage = lazy(() => import('./segments/segments-page.tsx'));
const SegmentPage = lazy(() => import('./segments/segment-page.tsx'));
const OverlapsPage = lazy(() => import('./segments/overlaps-page.tsx'));
const UsersPage = lazy(() => import('./users/users-page.tsx'));
const SettingsPage = lazy(() => import('./settings/settings-page.tsx'));
const OperationsPage = lazy(() => import('./operations/operations-page.tsx'));

/** The pages of the console for whoever has signed in. */
export function App() {
  const query = useQuery(datamarts());
  const { language } = useLanguage();
  // all of it is drawn anew in another language, with what it has computed from texts
  return (
    <Switch key={language}>
      <Route path="/datamarts/:dm" nest>
        {({ dm }) => <OfDatamart dm={dm} />}
      </Route>
      <Route path="/">
        <Loaded query={query}>
          {(all) => <Redirect to={pages.home(keptDatamart(all) ?? '1')} replace />}
        </Loaded>
      </Route>
      <Route>
        <NotFound />
      </Route>
    </Switch>
  );
}

/**
 * Paths below it are relative; links are made by `pages`, which are absolute: `~` takes them out of
 * here.
 */
function OfDatamart({ dm }: { readonly dm: string }) {
  return (
    <DatamartContext value={dm}>
      <Shell>
        <Catch key={dm}>
          <Suspense fallback={<Loading />}>
            <Switch>
              <Route path="/home" component={HomePage} />
              <Route path="/imports" component={ImportsPage} />
              <Route path="/imports/:id">{({ id }) => <ImportPage key={id} id={id} />}</Route>
              <Route path="/imports/:owner/executions/:id">
                {({ owner, id }) => <ExecutionPage key={id} kind="IMPORT" owner={owner} id={id} />}
              </Route>
              <Route path="/runs" component={RunsPage} />
              <Route path="/segments" component={SegmentsPage} />
              <Route path="/segments/:id">{({ id }) => <SegmentPage key={id} id={id} />}</Route>
              <Route path="/segments/:owner/user_lists/:id">
                {({ owner, id }) => <ExecutionPage key={id} kind="USER_LIST" owner={owner} id={id} />}
              </Route>
              <Route path="/overlaps" component={OverlapsPage} />
              <Route path="/users" component={UsersPage} />
              <Route path="/operations" component={OperationsPage} />
              <Route path="/settings/:tab">{({ tab }) => <SettingsPage tab={tab} />}</Route>
              <Route>
                <NotFound />
              </Route>
            </Switch>
          </Suspense>
        </Catch>
      </Shell>
    </DatamartContext>
  );
}
