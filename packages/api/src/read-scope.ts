import type { scopeQuery } from '@sightline/contract';
import type { ReadScope } from '@sightline/query';
import type { z } from 'zod';
import type { CallContext } from './route.ts';

/** The range and dimensions of a call, inside the caller's organisation and the site that its key is bound to. */
export function scopeOf(query: z.output<typeof scopeQuery>, context: CallContext): ReadScope {
  const { from, to, environment, site, service } = query;
  return {
    organisation: context.caller.organisation,
    fromMs: from,
    toMs: to,
    environment,
    site,
    service,
    boundTo: context.caller.keySite,
  };
}
