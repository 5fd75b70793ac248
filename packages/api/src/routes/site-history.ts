import { siteHistory } from '@sightline/contract';
import { refusal } from '../problem.ts';
import { answer, type Route } from '../route.ts';

const incidentsShown = 50;

/** What people did to a site, and its incidents. */
export const siteHistoryRoutes: readonly Route[] = [
  answer(siteHistory, async ({ params, query }, { deps, caller }) => {
    const { audit, respond } = deps.control;
    const page = await audit.listOf(caller.organisation, params.code, query);
    if (!page.ok) return refusal(page.error);
    const filter = { status: 'all', severity: '', site: params.code, rule: '', text: '', cursor: '' } as const;
    const listed =
      query.cursor === ''
        ? await respond.incidents.list(caller.organisation, { ...filter, limit: incidentsShown })
        : undefined;
    if (listed && !listed.ok) return refusal(listed.error);
    const incidents = listed?.value.incidents ?? [];
    return {
      // From where somebody worked stands in the audit, which admins read.
      entries: page.value.entries.map(({ address: _address, ...entry }) => entry),
      incidents: incidents.map(({ number, title, severity, status, openedAt, resolvedAt, resolvedHow }) => ({
        number,
        title,
        severity,
        status,
        openedAt,
        resolvedAt,
        resolvedHow,
      })),
      next: page.value.next,
    };
  }),
];
