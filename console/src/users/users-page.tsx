import { IconUserOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { ApiProblem } from '../api/client.ts';
import { memberships as membershipsQuery } from '../api/queries.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { Teach } from '../parts/teach.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';
import { Changes } from './changes.tsx';
import { Identifiers } from './identifiers.tsx';
import { Memberships } from './memberships.tsx';
import { UserForm } from './user-form.tsx';

/** In which segments a user is, until when, and why. */
export default function UsersPage() {
  const dm = useDatamartId();
  const [search, setSearch] = useSearchParams();
  const selector = search.get('user');
  return (
    <Page title={t.users.title} subtitle={t.users.subtitle}>
      <UserForm key={selector} selector={selector} onLookUp={(user) => setSearch({ user })} />
      {selector === null ? (
        <Teach
          title={t.users.none.title}
          text={t.users.none.text}
          icon={<IconUserOff />}
          lines={[
            { label: t.users.none.curl, line: t.users.none.curlLine(location.origin, dm) },
            { label: t.users.none.cli, line: t.users.none.cliLine(location.origin, dm) },
          ]}
        />
      ) : (
        <User dm={dm} selector={selector} />
      )}
    </Page>
  );
}

function User({ dm, selector }: { readonly dm: string; readonly selector: string }) {
  const query = useQuery(membershipsQuery(dm, selector));
  if (query.error instanceof ApiProblem && query.error.status === 404) {
    return <Teach title={t.users.unknown.title} text={t.users.unknown.text} icon={<IconUserOff />} />;
  }
  return (
    <Loaded query={query}>
      {(memberships) => (
        <>
          <Memberships memberships={memberships} selector={selector} />
          <Identifiers selector={selector} />
          <Changes selector={selector} />
        </>
      )}
    </Loaded>
  );
}
