import { fail, ok, type Result } from '@sightline/base';
import type { EvidenceReport, EvidenceSection } from '@sightline/contract';
import { readClockSkew, readCollected } from '@sightline/query';
import { builtInClasses } from '@sightline/record';
import type { CallContext } from '../route.ts';
import { proofFacts, proofTables, proofUnknown, recordsTable } from './archive-proof.ts';
import { silentSites } from './silent-sites.ts';
import { count, table } from './table.ts';

/** Days in UTC, both included. */
export interface EvidencePeriod {
  readonly from: string;
  readonly through: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Days of the period that are over. */
  readonly days: readonly string[];
}

const dayMs = 86_400_000;
const daysAtMost = 400;
const readTimeoutMs = 60_000;
/** The view that counts logs by site and service forgets them after so many days. */
const countedDays = 90;
/** Of what was taken out of the archive the newest records. */
const recordsRead = 500;

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Reads a period of at most 400 days; the sentence says what was expected. */
export function periodOf(
  { from, through }: { readonly from: string; readonly through: string },
  nowMs: number,
): Result<EvidencePeriod, string> {
  const [fromMs, lastMs] = [Date.parse(`${from}T00:00:00Z`), Date.parse(`${through}T00:00:00Z`)];
  if (Number.isNaN(fromMs) || Number.isNaN(lastMs) || dayOf(fromMs) !== from || dayOf(lastMs) !== through)
    return fail('Expected two days such as 2026-10-05.');
  if (lastMs < fromMs) return fail('Expected a last day that is not before the first.');
  if (lastMs - fromMs >= daysAtMost * dayMs) return fail(`Expected at most ${daysAtMost} days.`);
  if (fromMs > nowMs) return fail('Expected a period that has begun.');
  const toMs = lastMs + dayMs;
  const over = Math.min(toMs, Math.floor(nowMs / dayMs) * dayMs);
  const days = Array.from({ length: Math.max(0, (over - fromMs) / dayMs) }, (_, i) => dayOf(fromMs + i * dayMs));
  return ok({ from, through, fromMs, toMs, days });
}

/**
 * Evidence by requirement number of PCI DSS 4.0.1, section 10: figures of this installation, and what it cannot tell. It claims no
 * compliance. Throws `StoreError` where the store does not answer.
 */
export async function evidenceOf(period: EvidencePeriod, context: CallContext): Promise<EvidenceReport> {
  const { deps, caller } = context;
  const sections = [
    ...(await collected(period, context)),
    await protection(period, context),
    await review(period, context),
    await retained(period, context),
    await time(period, context),
  ];
  return {
    organisation: (await deps.control.organisations.find(caller.organisation))?.name ?? caller.organisation,
    from: period.from,
    through: period.through,
    writtenAt: deps.clock.now(),
    writtenBy: caller.actor,
    version: deps.settings.version,
    sections: sections.toSorted((a, b) => Number(a.requirement) - Number(b.requirement)),
  };
}

/** 10.2: what was logged; 10.7: what failed or was silent. */
async function collected(period: EvidencePeriod, { deps, caller, signal }: CallContext): Promise<EvidenceSection[]> {
  const { organisation } = caller;
  const [found, sites, agents] = await Promise.all([
    readCollected(
      deps.store,
      { organisation, fromMs: period.fromMs, toMs: period.toMs },
      { signal, timeoutMs: readTimeoutMs, threads: 1 },
    ),
    deps.control.sites.list(organisation),
    deps.control.fleet.agents.list(organisation),
  ]);
  const since = dayOf(deps.clock.now() - (countedDays - 1) * dayMs);
  const counted = period.days.filter((day) => day >= since);
  const entered = sites.map(({ code, createdAt }) => ({ code, since: dayOf(createdAt) }));
  const { looked, silent } = silentSites(counted, entered, found.siteDays);
  const early =
    counted.length < period.days.length
      ? [
          `Logs by site and source before ${since}: they are counted for ${countedDays} days. The archive's days stand under 10.5.`,
        ]
      : [];
  const total = found.sources.reduce((sum, one) => sum + one.rows, 0);
  const lost = found.outcomes.filter(({ outcome }) => outcome !== 'accepted');
  const sum = (outcome: string): number =>
    found.outcomes.filter((one) => one.outcome === outcome).reduce((all, { records }) => all + records, 0);
  return [
    {
      requirement: '10.2',
      title: 'What is logged',
      facts: [
        { name: 'Log records stored in the period', value: count(total) },
        { name: 'Sources (site and service)', value: count(found.sources.length) },
        {
          name: 'Sites that sent records',
          value: count([...found.siteDays.keys()].filter((site) => site !== '').length),
        },
        { name: 'Sites entered here', value: count(sites.length) },
      ],
      tables: [
        table(
          'Collected by site and source',
          ['Site', 'Service', 'Log records', 'Days with records', 'Last day'],
          found.sources.map(({ site, service, rows, days, lastDay }) => [
            site || 'none',
            service,
            count(rows),
            String(days),
            lastDay,
          ]),
        ),
      ],
      unknown: [
        ...early,
        'Whether a source writes every event that 10.2.1 names: that is decided where the source runs.',
      ],
    },
    {
      requirement: '10.7',
      title: 'Failures of logging',
      facts: [
        { name: 'Records accepted', value: count(sum('accepted')) },
        { name: 'Records rejected', value: count(sum('rejected')) },
        { name: 'Records dropped, counted by reason', value: count(sum('dropped')) },
        { name: 'Records in quarantine (of the last 30 days)', value: count(found.quarantined) },
        { name: 'Sites with a silent day', value: `${count(silent.length)} of ${count(looked)}` },
        {
          name: 'Agents whose link is not up now',
          value: `${count(agents.filter(({ link }) => link !== 'up').length)} of ${count(agents.length)}`,
        },
      ],
      tables: [
        table(
          'Silent sites: days without any log',
          ['Site', 'Days', 'First', 'Last'],
          silent.map(({ site, days, first, last }) => [site, String(days), first, last]),
        ),
        table(
          'Not stored, by reason',
          ['Signal', 'Outcome', 'Reason', 'Records'],
          lost.map(({ signal: of, outcome, reason, records }) => [of, outcome, reason, count(records)]),
        ),
      ],
      unknown: [
        ...early,
        'Records that a site never sent, where no agent counted them.',
        'Sites that were never entered here and sent nothing in the period.',
      ],
    },
  ];
}

/** Words of an action that say what was done: read or exported, or else changed. */
const reads = /\.(read|export|shown|list)$|^session\./;

/** 10.3: the audit trail's chain, and who did what. */
async function protection(period: EvidencePeriod, { deps, caller }: CallContext): Promise<EvidenceSection> {
  const verified = await deps.control.audit.verify(caller.organisation);
  const acts = new Map<string, { actor: string; action: string; times: number; last: number }>();
  let entries = 0;
  for await (const { at, actor, action } of deps.control.audit.export(caller.organisation)) {
    if (at < period.fromMs || at >= period.toMs) continue;
    entries++;
    const key = `${actor}\0${action}`;
    const known = acts.get(key) ?? { actor, action, times: 0, last: 0 };
    acts.set(key, { ...known, times: known.times + 1, last: at });
  }
  const all = [...acts.values()].toSorted((a, b) => a.actor.localeCompare(b.actor) || a.action.localeCompare(b.action));
  const shown = (of: typeof all): string[][] =>
    of.map(({ actor, action, times, last }) => [actor, action, count(times), new Date(last).toISOString()]);
  const people = await deps.control.people.members(caller.organisation);
  return {
    requirement: '10.3',
    title: 'Protection of the records',
    facts: [
      { name: 'Entries in the audit trail', value: count(verified.entries) },
      {
        name: 'Hash chain of the audit trail, checked for this report',
        value:
          verified.brokenAt === null
            ? 'each entry follows from the one before'
            : `broken at entry ${verified.brokenAt}`,
      },
      { name: 'Entries in the period', value: count(entries) },
      { name: 'People with access now', value: count(people.length) },
    ],
    tables: [
      table(
        'Access now',
        ['Person', 'Role'],
        people.map(({ email, role }) => [email, role]),
      ),
      table(
        'Read, exported, signed in',
        ['Who', 'Action', 'Times', 'Last'],
        shown(all.filter(({ action }) => reads.test(action))),
      ),
      table('Changed', ['Who', 'Action', 'Times', 'Last'], shown(all.filter(({ action }) => !reads.test(action)))),
    ],
    unknown: [
      'Single searches of logs: they are not written to the audit trail.',
      'Whether the newest entries were taken away: compare the last hash of an export with one noted elsewhere.',
    ],
  };
}

/** 10.4: what looks at the records without a person, and what came of it. */
async function review(period: EvidencePeriod, { deps, caller }: CallContext): Promise<EvidenceSection> {
  const rules = await deps.control.detect.rules.list(caller.organisation);
  return {
    requirement: '10.4',
    title: 'Review',
    facts: [
      {
        name: 'Rules that look at records by themselves',
        value: `${count(rules.filter(({ enabled }) => enabled).length)} on, ${count(rules.filter(({ enabled }) => !enabled).length)} off`,
      },
    ],
    tables: [
      table(
        'Rules now',
        ['Rule', 'Type', 'Severity', 'State'],
        rules.map(({ name, type, severity, enabled }) => [name, type, severity, enabled ? 'on' : 'off']),
      ),
    ],
    unknown: [
      `Who looked at which record from ${period.from} to ${period.through}, and whether a person reviewed them daily.`,
    ],
  };
}

/** 10.5: how long what is kept, and which days are there. */
async function retained(period: EvidencePeriod, { deps, caller, signal }: CallContext): Promise<EvidenceSection> {
  const { organisation } = caller;
  const { retention } = deps.control;
  const [kept, holds, deletions, archived, proved, records] = await Promise.all([
    retention.find(organisation),
    retention.holds.list(organisation),
    retention.deletions.list(organisation, 10_000, { from: period.fromMs, to: period.toMs }),
    deps.archive?.logs.days(organisation),
    deps.archive?.proofs?.prove(organisation, period.from, period.through, signal),
    deps.archiveRecords?.list(organisation, { limit: recordsRead }),
  ]);
  const taken = (records?.records ?? []).filter(({ atMs }) => atMs >= period.fromMs && atMs < period.toMs);
  const there = new Set((archived ?? []).map(({ day }) => day));
  const first = archived?.[0]?.day;
  // A day is written an hour after it is over.
  const written = period.days.filter((day) => Date.parse(day) + dayMs + 2 * 3_600_000 <= deps.clock.now());
  const missing = first === undefined ? written : written.filter((day) => day >= first && !there.has(day));
  const before = first === undefined ? 0 : written.filter((day) => day < first).length;
  const within = (archived ?? []).filter(({ day }) => day >= period.from && day <= period.through);
  return {
    requirement: '10.5',
    title: 'Retention',
    facts: [
      {
        name: 'Longest days in the engine, of any class',
        value: String(Math.max(...(kept?.classes ?? builtInClasses).map(({ hotDays }) => hotDays))),
      },
      {
        name: 'Shortest days in the archive, of any class',
        value: String(Math.min(...(kept?.classes ?? builtInClasses).map(({ keepDays }) => keepDays))),
      },
      ...(archived
        ? [
            { name: 'Archive from', value: first ?? 'nothing yet' },
            { name: 'Archived days in the period', value: `${count(within.length)} of ${count(written.length)}` },
            { name: 'Days missing since the archive began', value: count(missing.length) },
            { name: 'Days before the archive began', value: count(before) },
            ...(proved ? proofFacts(proved) : []),
            { name: 'Archived records of the period', value: count(within.reduce((sum, { rows }) => sum + rows, 0)) },
          ]
        : []),
    ],
    tables: [
      table(
        'Classes in force',
        ['Class', 'Query', 'Days in the engine', 'Days in the archive'],
        (kept?.classes ?? builtInClasses).map(({ name, query, hotDays, keepDays }) => [
          name,
          query || 'all others',
          String(hotDays),
          String(keepDays),
        ]),
      ),
      ...(proved ? proofTables(proved) : []),
      ...(records ? [recordsTable(taken)] : []),
      table('Days missing in the archive', ['Day'], archived ? missing.map((day) => [day]) : []),
      table(
        'Legal holds',
        ['Name', 'Reason', 'Placed', 'Lifted'],
        holds.map((hold) => [
          hold.name,
          hold.reason,
          `${dayOf(hold.createdAt)} by ${hold.createdBy}`,
          hold.liftedAt === null ? 'holds' : `${dayOf(hold.liftedAt)} by ${hold.liftedBy}`,
        ]),
      ),
      table(
        'Left the engine in the period',
        ['Day of the records', 'Class', 'Records', 'State'],
        deletions.map((one) => [one.day, one.class, count(one.rows), one.doneAt === null ? 'under way' : 'done']),
      ),
    ],
    unknown: [
      ...(records?.next === undefined
        ? []
        : [`Records of what was taken out beyond the newest ${count(recordsRead)}.`]),
      ...(archived ? [] : [`The archive. ${deps.archiveUnread ?? 'This server has none that it can read.'}`]),
      ...(proved
        ? proofUnknown(proved)
        : ['Whether archived files are unchanged: npm run verify checks signatures and hashes, on any machine.']),
    ],
  };
}

/** 10.6: how far the clocks of the sites are off. */
async function time(period: EvidencePeriod, { deps, caller, signal }: CallContext): Promise<EvidenceSection> {
  const { organisation } = caller;
  const [agents, skews] = await Promise.all([
    deps.control.fleet.agents.list(organisation),
    readClockSkew(
      deps.store,
      { organisation, fromMs: period.fromMs, toMs: period.toMs },
      { signal, timeoutMs: readTimeoutMs, threads: 1 },
    ),
  ]);
  const known = agents.filter(({ clockSkewMs }) => clockSkewMs !== null);
  return {
    requirement: '10.6',
    title: 'Time',
    facts: [
      {
        name: 'Agents that measure their clock against this server',
        value: `${count(known.length)} of ${count(agents.length)}`,
      },
      {
        name: 'Greatest difference now',
        value:
          known.length === 0
            ? 'not known'
            : `${count(Math.max(...known.map(({ clockSkewMs }) => Math.abs(clockSkewMs ?? 0))))} ms`,
      },
    ],
    tables: [
      table(
        'Clocks now',
        ['Site', 'Difference, ms'],
        known.map(({ site, clockSkewMs }) => [site, count(clockSkewMs ?? 0)]),
      ),
      table(
        'Corrected while forwarding, of logs still in the engine',
        ['Site', 'Least, ms', 'Greatest, ms', 'Records'],
        skews.map(({ site, least, most, rows }) => [site, count(least), count(most), count(rows)]),
      ),
    ],
    unknown: ['What this server itself takes its time from, and the clocks of sites without an agent.'],
  };
}
