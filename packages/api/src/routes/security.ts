import { readSecurityActivity } from '@sightline/contract';
import { answer, refuse, type Route } from '../route.ts';
import { securityActivity } from '../security/activity.ts';

/** What the audit trail says of security, for dashboards: counted and grouped, bounded however long the trail is. */
export const securityRoutes: readonly Route[] = [
  answer(readSecurityActivity, async ({ query }, { deps, caller }) => {
    if (query.from >= query.to) return refuse(400, 'Empty time range', '`from` must lie before `to`.');
    const range = { fromMs: query.from, toMs: query.to };
    const { tallies, cut } = await deps.control.audit.tally(caller.organisation, range);
    return { ...securityActivity(tallies), cut };
  }),
];
