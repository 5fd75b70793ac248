import {
  getScrubRules,
  listScrubCanaries,
  plantScrubCanary,
  renewScrubSalt,
  saveScrubRules,
  scrubReport,
  scrubReportCsvPath,
  scrubReportQuery,
  tryScrubRules,
} from '@sightline/contract';
import type { KeptScrubRules, ScrubCanary } from '@sightline/control';
import { firstRulesAfterMs } from '@sightline/ingest';
import { readScrubReport } from '@sightline/query';
import { untouchedScrubRules, type ScrubRules } from '@sightline/record';
import { patternFaults } from '../personal-data/check-patterns.ts';
import { tryRules } from '../personal-data/try-rules.ts';
import { answer, type CallContext, ProblemReply, refuse, type Route, stream } from '../route.ts';
import { csvCell } from './log-export.ts';
import { reading } from '../store-fault.ts';

const writable = (rules: ScrubRules) => ({
  off: [...rules.off],
  custom: rules.custom.map((rule) => ({ ...rule, fields: [...rule.fields], sample: rule.sample ?? '' })),
  allow: rules.allow.map((one) => ({ field: one.field, detectors: [...one.detectors] })),
  userIds: { ...rules.userIds, fields: [...rules.userIds.fields] },
});

const shown = (kept: KeptScrubRules | undefined) => ({
  ...writable(kept?.rules ?? untouchedScrubRules),
  ownSince: kept?.ownSince ?? null,
  saltedAt: kept?.saltedAt ?? null,
  updatedAt: kept?.updatedAt ?? null,
  updatedBy: kept?.updatedBy ?? '',
});

const badPatterns = (fields: Record<string, string>): ProblemReply =>
  refuse(422, 'A pattern cannot be used', Object.values(fields).join(' '), { fields });

/** What rules say, in one line for the audit: names, never patterns, which may hold what they look for. */
function summary({ off, custom, allow, userIds }: ScrubRules): string {
  return [
    off.length > 0 ? `off: ${off.join(', ')}` : 'all detectors on',
    `${custom.length} own rules${custom.length > 0 ? ` (${custom.map(({ name }) => name).join(', ')})` : ''}`,
    `${allow.length} fields allowed${allow.length > 0 ? ` (${allow.map(({ field }) => field).join(', ')})` : ''}`,
    userIds.hash ? `user ids hashed, salt for ${userIds.rotateDays} days` : 'user ids as they come',
  ]
    .join('; ')
    .slice(0, 1000);
}

const canariesShown = 60;
const shownCanary = ({ id, byHand, state, begunAt, plantedAt, checkedAt, planted, found }: ScrubCanary) => ({
  id,
  byHand,
  state,
  begunAt,
  plantedAt,
  checkedAt,
  kinds: planted.map(({ kind }) => kind),
  found: found.map((one) => ({ ...one })),
});

const rowsShown = 500;
const rowsExported = 50_000;

const reported = ({ deps, caller, signal }: CallContext, query: { from: number; to: number }, rowsAtMost: number) =>
  query.from >= query.to
    ? refuse(400, 'Empty time range', '`from` must lie before `to`.')
    : reading(() =>
        readScrubReport(
          deps.store,
          { organisation: caller.organisation, fromMs: query.from, toMs: query.to, rowsAtMost },
          { signal, timeoutMs: 15_000 },
        ),
      );

export const personalDataRoutes: readonly Route[] = [
  answer(getScrubRules, async (_, { deps, caller }) => shown(await deps.control.scrubbing.find(caller.organisation))),

  answer(saveScrubRules, ({ body }, { deps, caller, audit, signal }) =>
    reading(async () => {
      const faults = await patternFaults(deps.store, body.custom, signal);
      if (faults) return badPatterns(faults);
      const ownSinceMs = deps.clock.now() + firstRulesAfterMs;
      const kept = await deps.control.scrubbing.save(caller.organisation, body, caller.actor, ownSinceMs);
      await audit('personal-data.save', 'rules', summary(body));
      return shown(kept);
    }),
  ),

  answer(renewScrubSalt, async (_, { deps, caller, audit }) => {
    const kept = await deps.control.scrubbing.renewSalt(caller.organisation);
    if (!kept) return refuse(409, 'There is no salt', 'Save rules that hash user ids first: a salt is made with them.');
    await audit('personal-data.salt', 'salt', 'a new one, the old one is gone');
    return shown(kept);
  }),

  answer(scrubReport, async ({ query }, context) => reported(context, query, rowsShown)),

  stream(
    {
      method: 'GET',
      path: scrubReportCsvPath,
      permission: 'viewer',
      summary: 'What was scrubbed, by detector, service and site, as CSV',
      query: scrubReportQuery,
    },
    async ({ query }, context, reply) => {
      const report = await reported(context, query, rowsExported);
      if (report instanceof ProblemReply) return report;
      const lines = report.rows.map((row) =>
        [row.rule, row.service, row.site, row.signal, String(row.removed)].map(csvCell).join(','),
      );
      const days = [query.from, query.to].map((at) => new Date(at).toISOString().slice(0, 10));
      await reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="scrubbed-${days.join('-to-')}.csv"`)
        .send(`${['rule,service,site,signal,removed', ...lines].join('\r\n')}\r\n`);
      return undefined;
    },
  ),

  answer(listScrubCanaries, async (_, { deps, caller }) => ({
    canaries: (await deps.control.scrubCanaries.recent(caller.organisation, canariesShown)).map(shownCanary),
  })),

  answer(plantScrubCanary, async (_, { deps, caller, audit }) => {
    const begun = await deps.control.scrubCanaries.beginByHand(caller.organisation);
    if (!begun)
      return refuse(409, 'One is under way', 'Wait until it was looked for: that takes less than a minute as a rule.');
    await audit('personal-data.canary', begun.id, 'planted by hand');
    return shownCanary(begun);
  }),

  answer(tryScrubRules, ({ body }, { deps, signal }) =>
    reading(async () => {
      const faults = await patternFaults(deps.store, body.rules.custom, signal);
      return faults ? badPatterns(faults) : tryRules(deps.store, body.rules, body.text, signal);
    }),
  ),
];
