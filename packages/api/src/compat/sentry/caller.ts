import type { Project } from '@sightline/control';
import type { FastifyRequest } from 'fastify';
import { secretOf } from '../../authenticate.ts';
import type { ApiDeps } from '../../route.ts';
import { SentryFault } from './fault.ts';

/** Who calls: a key that may read (`query`), or write too (`operate`). */
export interface SentryCaller {
  readonly organisation: { readonly id: string; readonly name: string; readonly createdAt: number };
  readonly keyName: string;
  /** The site that the key is bound to, '' for any. */
  readonly keySite: string;
  readonly mayWrite: boolean;
  readonly address: string;
}

/**
 * Our keys stand where Sentry's organisation tokens do (`SENTRY_AUTH_TOKEN`). A key that may only send data is refused: it lies in
 * every page that reports, and must neither read nor replace anything.
 */
export async function sentryCaller(
  request: FastifyRequest,
  { control }: Pick<ApiDeps, 'control'>,
  writes: boolean,
): Promise<SentryCaller | SentryFault> {
  const secret = secretOf(request.headers.authorization ?? '');
  const key = secret === undefined ? undefined : await control.keys.find(secret);
  if (!key) return new SentryFault(401, 'Invalid token: the key is not known or was revoked.');
  const mayWrite = key.permissions.includes('operate');
  if (!mayWrite && (writes || !key.permissions.includes('query'))) {
    const needed = writes ? '"operate"' : '"query" or "operate"';
    return new SentryFault(403, `The key "${key.name}" may not do this: it needs the permission ${needed}.`);
  }
  const organisation = await control.organisations.find(key.scope.organisation);
  if (!organisation) return new SentryFault(401, 'Invalid token: its organisation is gone.');
  const named = (request.params as { org?: string }).org;
  if (named !== undefined && ![organisation.id, organisation.name, slugOf(organisation.name)].includes(named)) {
    const detail = `The key is of the organisation "${slugOf(organisation.name)}", not of "${named.slice(0, 100)}".`;
    return new SentryFault(404, detail);
  }
  return { organisation, keyName: key.name, keySite: key.scope.site, mayWrite, address: request.ip };
}

/** What a key that is bound to a site may ask for: who it is, the names of projects, the monitors of its site, and what came from there. */
const ofOneSite =
  /^\/api\/0\/(?:organizations\/(?::org\/(?:projects\/|events\/|monitors\/(?::slug\/checkins\/(?::checkin\/)?)?)?)?|projects\/(?::org\/:project\/(?:issues\/|events\/)?)?)?$/;

/** Why a key that is bound to a site may not make this call; undefined where it may. */
export function beyondKeySite({ keySite, keyName }: SentryCaller, route: string): SentryFault | undefined {
  if (keySite === '' || ofOneSite.test(route)) return undefined;
  const detail = `The key "${keyName}" is bound to ${keySite}; releases, their files and uploads are of the whole organisation. Use a key that is bound to no site.`;
  return new SentryFault(403, detail);
}

/** A name as it stands in addresses: `Shop & Co` is `shop-co`. */
export function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return slug === '' ? 'default' : slug;
}

export function projectJson(project: Project): Record<string, unknown> {
  const id = String(project.number);
  return { id, slug: slugOf(project.name), name: project.name, team: null, teams: [], platform: null, features: [] };
}
