import type { Control, Role } from '@sightline/control';
import { sessionCookie } from '../authenticate.ts';

/** A person of a test with a session; `carries` goes into each request. */
export interface SignedIn {
  readonly organisation: string;
  readonly carries: {
    readonly cookies: Readonly<Record<string, string>>;
    readonly headers: Readonly<Record<string, string>>;
  };
}

/** Invites `<name>@example.com` in this role, accepts, and opens a session. */
export async function signedIn(control: Control, name: string, organisation: string, role: Role): Promise<SignedIn> {
  const by = { name: 'test', role: 'owner' as const };
  const invited = await control.invitations.create(organisation, `${name}@example.com`, role, by);
  if (!invited.ok) throw new Error(invited.error.message);
  const accepted = await control.invitations.accept(invited.value.token, { name, password: 'long enough password' });
  if (!accepted.ok) throw new Error(accepted.error.message);
  const opened = await control.sessions.open(accepted.value.person.id, { address: '', userAgent: '', organisation });
  if (!opened) throw new Error('no session');
  const { token, session } = opened;
  return {
    organisation,
    carries: { cookies: { [sessionCookie]: token }, headers: { 'x-csrf-token': session.csrfToken } },
  };
}
