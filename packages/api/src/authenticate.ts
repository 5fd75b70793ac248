import { timingSafeEqual } from 'node:crypto';
import type { Control, Session } from '@sightline/control';
import type { FastifyRequest } from 'fastify';
import { type ApiDeps, type Caller, ProblemReply, refuse } from './route.ts';

export const sessionCookie = 'sightline_session';

const realm = { headers: { 'www-authenticate': 'Bearer realm="Sightline"' } };

/** The secret in `Authorization`: a bearer token, or the password of basic auth (RFC 7617; the user name is free). */
export function secretOf(authorization: string): string | undefined {
  const [, scheme = '', value = ''] = /^(\S+) +(\S+) *$/.exec(authorization) ?? [];
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return undefined;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? undefined : pair.slice(colon + 1);
}

/**
 * Who calls. An `Authorization` header decides alone; without one the session cookie does, and then a call that changes
 * something must carry the session's `x-csrf-token`. Keys need the permission `query` and act as viewers, or `operate` and
 * act as responders. An organisation that a key may name but that sent nothing yet is refused, or is '' (nobody's) where the
 * clients of an API expect empty answers.
 */
export async function authenticate(
  request: FastifyRequest,
  { control }: Pick<ApiDeps, 'control'>,
  unseen: 'unseen-is-refused' | 'unseen-is-empty' = 'unseen-is-refused',
): Promise<Caller | ProblemReply> {
  const { authorization } = request.headers;
  if (authorization !== undefined) return keyCaller(request, control, authorization, unseen);
  const token = request.cookies[sessionCookie] ?? '';
  const session = token === '' ? undefined : await control.sessions.find(token);
  if (!session) return refuse(401, 'Not signed in', 'Sign in, or send an API key as a bearer token.', realm);
  const changes = request.method !== 'GET' && request.method !== 'HEAD';
  if (changes && !csrfMatches(session, request.headers['x-csrf-token'])) {
    return refuse(
      403,
      'Not from our pages',
      'The header x-csrf-token is missing or stale. Reload the page and try again.',
    );
  }
  return {
    kind: 'person',
    organisation: session.organisation.id,
    role: session.role,
    personId: session.person.id,
    actor: session.person.email,
    address: request.ip,
  };
}

function csrfMatches(session: Session, sent: string | string[] | undefined): boolean {
  const given = Buffer.from(String(sent ?? ''));
  const expected = Buffer.from(session.csrfToken);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function keyCaller(
  request: FastifyRequest,
  control: Control,
  authorization: string,
  unseen: 'unseen-is-refused' | 'unseen-is-empty',
): Promise<Caller | ProblemReply> {
  const secret = secretOf(authorization);
  const key = secret === undefined ? undefined : await control.keys.find(secret);
  if (!key) return refuse(401, 'Unknown key', 'The API key is not known or was revoked.', realm);
  const operates = key.permissions.includes('operate');
  if (!operates && !key.permissions.includes('query')) {
    return refuse(403, 'Not allowed', `The key "${key.name}" may only send data. Use one with the permission "query".`);
  }
  const organisation = await organisationOf(request, control, key);
  if (organisation === undefined && unseen === 'unseen-is-refused') {
    return refuse(404, 'Unknown organisation', 'X-Scope-OrgID names no organisation that sent data.');
  }
  return {
    kind: 'key',
    organisation: organisation ?? '',
    role: operates ? 'responder' : 'viewer',
    keySite: key.scope.site,
    keyId: key.scope.keyId,
    actor: key.name,
    address: request.ip,
  };
}

/** `X-Scope-OrgID` names another organisation for keys that may; for all others it says nothing. Undefined when unseen. */
async function organisationOf(
  request: FastifyRequest,
  control: Control,
  key: NonNullable<Awaited<ReturnType<Control['keys']['find']>>>,
): Promise<string | undefined> {
  const named = request.headers['x-scope-orgid'];
  if (typeof named !== 'string' || named === '' || !key.permissions.includes('any-organisation')) {
    return key.scope.organisation;
  }
  const organisation = await control.organisations.findByName(named);
  return organisation?.id;
}
