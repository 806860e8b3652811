import { useQuery } from '@tanstack/react-query';
import { pages } from '../api/paths.ts';
import { tokens as tokensQuery } from '../api/queries.ts';
import { PageLink } from '../parts/page-link.tsx';
import { useSession } from '../session/session.tsx';
import { useDatamartId } from '../shell/datamart.ts';
import { t } from '../texts/texts.ts';

/**
 * The token of a run, as a link to all of its runs. Only those who may list tokens are told its
 * name.
 */
export function TokenName({ id }: { readonly id: string | null }) {
  const dm = useDatamartId();
  const { mayAll, token: own } = useSession();
  const { data = [] } = useQuery({ ...tokensQuery(), enabled: mayAll });
  if (id === null) return null;
  const { name = t.executions.tokenNumber(id) } = [own, ...data].find((token) => token.id === id) ?? {};
  return <PageLink to={pages.runs(dm, { token: id })}>{name}</PageLink>;
}
