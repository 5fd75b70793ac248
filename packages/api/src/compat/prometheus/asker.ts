import type { Matcher } from '@sightline/query/promql';
import type { FastifyRequest } from 'fastify';
import { authenticate } from '../../authenticate.ts';
import { type ApiDeps, ProblemReply } from '../../route.ts';
import { ApiFault } from './fault.ts';

/** Who asks, proven by a key or a session. */
export interface Asker {
  /** '' is one that has sent nothing yet: Prometheus' clients expect empty answers then. */
  readonly organisation: string;
  /** The site that the key is bound to, '' for any. */
  readonly site: string;
  /** What every selector must match besides: the site of the key. */
  readonly enforced: readonly Matcher[];
  /** For the audit trail. */
  readonly actor: { readonly name: string; readonly address: string };
}

const kindOf: Readonly<Record<number, ApiFault['kind']>> = { 401: 'unauthorized', 403: 'forbidden', 404: 'not_found' };

export async function askerOf(request: FastifyRequest, deps: ApiDeps): Promise<Asker | ApiFault> {
  const caller = await authenticate(request, deps, 'unseen-is-empty');
  if (caller instanceof ProblemReply) {
    const { status, detail } = caller.problem;
    return new ApiFault(kindOf[status] ?? 'bad_data', detail);
  }
  const { organisation, keySite: site = '', actor: name, address } = caller;
  return {
    organisation,
    site,
    enforced: site === '' ? [] : [{ label: 'site', operator: '=', value: site }],
    actor: { name, address },
  };
}
