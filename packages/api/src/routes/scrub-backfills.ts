import { listScrubBackfills, resumeScrubBackfill, startScrubBackfill, stopScrubBackfill } from '@sightline/contract';
import type { ScrubBackfill } from '@sightline/control';
import { refusal } from '../problem.ts';
import { answer, type CallContext, type Route } from '../route.ts';

const shownAtMost = 30;
const countsShown = 500;

/** The days of receipt that are in an archive: whoever searches it finds these logs as they were. */
async function archivedDays({ deps, caller }: CallContext): Promise<ReadonlySet<string>> {
  const days = (await deps.archive?.logs.days(caller.organisation)) ?? [];
  return new Set(days.map(({ day }) => day));
}

const shown = (
  { id, kind, fromDay, toDay, state, stopping, requestedBy, ...rest }: ScrubBackfill,
  archived: ReadonlySet<string>,
) => ({
  id,
  kind,
  fromDay,
  toDay,
  state,
  stopping,
  requestedBy,
  requestedAt: rest.requestedAt,
  startedAt: rest.startedAt,
  endedAt: rest.endedAt,
  detail: rest.detail,
  rowsAll: rest.rowsAll,
  rowsSeen: rest.rowsSeen,
  rowsChanged: rest.rowsChanged,
  rowsHeld: rest.rowsHeld,
  counts: rest.counts.slice(0, countsShown).map((one) => ({ ...one })),
  examples: rest.examples.map((one) => ({ ...one })),
  stays: rest.stays.map((one) => ({ ...one })),
  archivedDays: Object.entries(rest.days)
    .filter(([day]) => archived.has(day))
    .map(([day, rows]) => ({ day, rows }))
    .toSorted((a, b) => (a.day < b.day ? -1 : 1)),
});

export const scrubBackfillRoutes: readonly Route[] = [
  answer(listScrubBackfills, async (_, context) => {
    const { deps, caller } = context;
    const all = await deps.control.scrubBackfills.list(caller.organisation, shownAtMost);
    const archived = await archivedDays(context);
    return { backfills: all.map((one) => shown(one, archived)) };
  }),

  answer(startScrubBackfill, async ({ body }, context) => {
    const { deps, caller, audit } = context;
    const added = await deps.control.scrubBackfills.add(caller.organisation, body, caller.actor);
    if (!added.ok) return refusal(added.error);
    await audit(
      body.kind === 'run' ? 'personal-data.backfill' : 'personal-data.backfill-preview',
      added.value.id,
      `${body.fromDay} to ${body.toDay}`,
    );
    return shown(added.value, await archivedDays(context));
  }),

  answer(stopScrubBackfill, async ({ params }, context) => {
    const { deps, caller, audit } = context;
    const stopped = await deps.control.scrubBackfills.stop(caller.organisation, params.id);
    if (!stopped.ok) return refusal(stopped.error);
    await audit('personal-data.backfill-stop', params.id);
    return shown(stopped.value, await archivedDays(context));
  }),

  answer(resumeScrubBackfill, async ({ params }, context) => {
    const { deps, caller, audit } = context;
    const resumed = await deps.control.scrubBackfills.resume(caller.organisation, params.id);
    if (!resumed.ok) return refusal(resumed.error);
    await audit('personal-data.backfill-resume', params.id);
    return shown(resumed.value, await archivedDays(context));
  }),
];
