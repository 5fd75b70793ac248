import { whoAmI, type Me } from '@sightline/contract';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { createContext, useContext, type ReactNode } from 'react';
import { call, keepCsrfToken, type ProblemError } from './call.ts';
import { queryClient } from './ask.ts';

const sessionKey = ['session'] as const;
const MeContext = createContext<Me | undefined>(undefined);

const sessionQuery = queryOptions<Me | null, ProblemError>({
  queryKey: sessionKey,
  queryFn: async ({ signal }) => {
    try {
      const me = await call(whoAmI, {}, signal);
      keepCsrfToken(me.csrfToken);
      return me;
    } catch (error) {
      if ((error as ProblemError).status === 401) return null;
      throw error;
    }
  },
  staleTime: 300_000,
});

/** Asks who is signed in before anything is drawn. */
export function beginSession(): void {
  void queryClient.prefetchQuery(sessionQuery);
}

/** Who is signed in, asked of the server. `data` is null when nobody is. */
export function useSession(): { me: Me | null | undefined; error: ProblemError | null; again: () => void } {
  const asked = useQuery(sessionQuery);
  return { me: asked.data, error: asked.error, again: () => void asked.refetch() };
}

/** After signing in, set-up or a switch of organisation: what was read for somebody else is forgotten. */
export function enterAs(me: Me): void {
  keepCsrfToken(me.csrfToken);
  queryClient.removeQueries({ predicate: (q) => q.queryKey[0] !== sessionKey[0] });
  queryClient.setQueryData(sessionKey, me);
}

/** After signing out, or when the server says the session ended. */
export function leave(): void {
  keepCsrfToken('');
  queryClient.setQueryData(sessionKey, null);
  queryClient.removeQueries({ predicate: (q) => q.queryKey[0] !== sessionKey[0] });
}

/** Hands the signed-in person to everything below. */
export function MeProvider({ me, children }: { me: Me; children: ReactNode }): ReactNode {
  return <MeContext value={me}>{children}</MeContext>;
}

const rank = { viewer: 0, responder: 1, admin: 2, owner: 3 } as const;

/** The signed-in person. `may('admin')` asks whether the role suffices. Only inside the shell. */
export function useMe(): Me & { may: (role: keyof typeof rank) => boolean } {
  const me = useContext(MeContext);
  if (me === undefined) throw new Error('useMe outside of the shell');
  return { ...me, may: (role) => rank[me.role] >= rank[role] };
}
