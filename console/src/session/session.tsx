import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { setTokenOfCalls } from '../api/client.ts';
import { currentToken } from '../api/queries.ts';
import type { ApiToken, Role } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { Loading } from '../parts/loading.tsx';
import { Problem } from '../parts/problem.tsx';
import { SignIn } from './sign-in.tsx';
import { forgetToken, keepToken, keptToken } from './token-of-tab.ts';

export type Session = {
  readonly token: ApiToken;
  readonly signOut: () => void;
  /** Whether the token's role is this one or a higher one. */
  readonly may: (role: Role) => boolean;
  /** Whether it is an admin's for all datamarts. */
  readonly mayAll: boolean;
};

const SessionContext = createContext<Session | null>(null);
const RANK: Readonly<Record<Role, number>> = { reader: 0, editor: 1, admin: 2 };

/** Whose token this tab has. What the role may not do is not offered. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('there is no session outside of SessionGate');
  return session;
}

/** Shows its children to whoever has signed in, and to everybody else how to. */
export function SessionGate({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const [value, setValue] = useState(keptToken);
  const [wasRefused, setRefused] = useState(false);
  const leave = useCallback(
    (refused: boolean) => {
      forgetToken();
      client.clear();
      setRefused(refused);
      setValue(null);
    },
    [client],
  );
  setTokenOfCalls(value, () => leave(true));
  useLanguage();

  if (value === null) {
    return (
      <SignIn
        wasRefused={wasRefused}
        onToken={(token, until) => {
          keepToken(token, until);
          setRefused(false);
          setValue(token);
        }}
      />
    );
  }
  return (
    <SignedIn value={value} signOut={() => leave(false)}>
      {children}
    </SignedIn>
  );
}

function SignedIn({
  value,
  signOut,
  children,
}: {
  readonly value: string;
  readonly signOut: () => void;
  readonly children: ReactNode;
}) {
  const { data: token, error, refetch } = useQuery(currentToken(value));
  const session = useMemo<Session | null>(
    () =>
      token === undefined
        ? null
        : {
            token,
            signOut,
            may: (role) => RANK[token.role] >= RANK[role],
            mayAll: token.role === 'admin' && token.datamart_ids === null,
          },
    [token, signOut],
  );
  if (error !== null) return <Problem error={error} onRetry={refetch} isWholePage />;
  if (session === null) return <Loading isWholePage />;
  return <SessionContext value={session}>{children}</SessionContext>;
}
