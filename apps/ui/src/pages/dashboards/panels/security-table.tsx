import {
  listIncidents,
  readSecurityActivity,
  scrubReport,
  type IncidentRow,
  type PanelRead,
  type SecurityAct,
} from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount } from '../../../charts/number-format.ts';
import { RoleNeeded } from '../../../components/role-needed.tsx';
import { TimeText } from '../../../components/time-text.tsx';
import { useAsk } from '../../../data/ask.ts';
import type { Reply } from '../../../data/call.ts';
import { useMe } from '../../../data/session.tsx';
import { Go } from '../../../shell/go.tsx';
import type { PanelProps } from '../panel-props.ts';
import { LinesTable, NoLinesYet, wholeMinutes, type Head, type Line } from './lines-table.tsx';

type AuditRead = Exclude<PanelRead, 'sites' | 'services' | 'incidents' | 'site-findings' | 'personal-data'>;
type Activity = Reply<typeof readSecurityActivity>;
const minute = 60_000;

/** What the audit trail says of security; to those who may not read the trail, why there is nothing. */
export function AuditTable({ read, scope, label }: PanelProps & { read: AuditRead }): ReactNode {
  const may = useMe().may('admin');
  const asked = useAsk(readSecurityActivity, { query: wholeMinutes(scope) }, { when: may, everyMs: minute });
  if (!may) return <RoleNeeded compact need={{ role: 'admin', what: 'read the audit trail, from which this is' }} />;
  if (asked.data === undefined) return <NoLinesYet asked={asked} />;
  const { heads, lines, none } = auditTables[read];
  const said = asked.data.cut ? 'The trail has more in this range than is read at once: choose a shorter one.' : '';
  return <LinesTable label={label} heads={heads} lines={lines(asked.data)} none={none} said={said} />;
}

const auditLink = (search: Readonly<Record<string, string>>, words: ReactNode): ReactNode => (
  <Go to="/settings" search={{ tab: 'audit', ...search }}>
    {words}
  </Go>
);
const when = (at: number): ReactNode => <TimeText key="at" at={at} show="relative" />;
const some = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
const actHeads: readonly Head[] = [
  { title: 'When' },
  { title: 'Who' },
  { title: 'What' },
  { title: 'On' },
  { title: 'Times', number: true },
];
const actLines = (acts: readonly SecurityAct[]): Line[] =>
  acts.map(({ at, actor, action, subject, times }, index) => ({
    key: `${index}`,
    cells: [when(at), actor, auditLink({ who: actor, what: action }, action), subject, formatCount(times)],
  }));

const auditTables: Readonly<
  Record<
    AuditRead,
    { readonly heads: readonly Head[]; readonly lines: (activity: Activity) => Line[]; readonly none: string }
  >
> = {
  'failed-sign-ins': {
    heads: [{ title: 'From' }, { title: 'Tries', number: true }, { title: 'As whom' }, { title: 'Last' }],
    lines: ({ refusedBySource }) =>
      refusedBySource.map(({ address, people, tries, lastAt }) => ({
        key: address,
        cells: [
          auditLink({ what: 'session.refused' }, address || 'unknown'),
          formatCount(tries),
          some(people),
          when(lastAt),
        ],
      })),
    none: 'No sign-in failed',
  },
  'new-keys': { heads: actHeads, lines: ({ newKeys }) => actLines(newKeys), none: 'No key was made' },
  'privileged-actions': {
    heads: actHeads,
    lines: ({ privileged }) => actLines(privileged),
    none: 'Nobody changed rights, keys or what is kept',
  },
  'taken-out': {
    heads: actHeads,
    lines: (activity) => actLines(activity.takenOut),
    none: 'No records were taken along',
  },
  'remote-commands': {
    heads: [{ title: 'Who' }, { title: 'Commands', number: true }, { title: 'Sites' }, { title: 'Last' }],
    lines: ({ remote }) =>
      remote.map(({ actor, commands, sites, lastAt }) => ({
        key: actor,
        cells: [
          auditLink({ who: actor, what: 'diagnostics' }, actor),
          formatCount(commands),
          some(sites),
          when(lastAt),
        ],
      })),
    none: 'Nobody asked anything of a site',
  },
};

/** Sites with open incidents, those with the most first. */
export function SiteFindings({ scope, label }: PanelProps): ReactNode {
  const asked = useAsk(listIncidents, { query: { site: scope.site, limit: 200 } }, { everyMs: 15_000 });
  if (asked.data === undefined) return <NoLinesYet asked={asked} />;
  const bySite = Map.groupBy(
    asked.data.incidents.filter(({ site }) => site !== ''),
    ({ site }) => site,
  );
  const total = (rows: readonly IncidentRow[]): number => rows.reduce((sum, { findings }) => sum + findings, 0);
  const lines = [...bySite]
    .toSorted(([, a], [, b]) => b.length - a.length || total(b) - total(a))
    .map(([site, rows]): Line => ({
      key: site,
      cells: [
        <Go key="site" to={`/sites/${encodeURIComponent(site)}`}>
          {site}
        </Go>,
        formatCount(rows.length),
        formatCount(total(rows)),
        rows[0] === undefined ? (
          ''
        ) : (
          <Go key="worst" to={`/incidents/${rows[0].number}`}>
            {rows[0].title}
          </Go>
        ),
      ],
    }));
  const heads = [
    { title: 'Site' },
    { title: 'Incidents', number: true },
    { title: 'Findings', number: true },
    { title: 'Worst' },
  ];
  const said = asked.data.next === '' ? '' : 'Of the 200 worst incidents.';
  return <LinesTable label={label} heads={heads} lines={lines} none="No site has an open finding" said={said} />;
}

/** What was scrubbed, by detector: counts, never values. */
export function PersonalDataHits({ scope, label }: PanelProps): ReactNode {
  const asked = useAsk(scrubReport, { query: wholeMinutes(scope) });
  if (asked.data === undefined) return <NoLinesYet asked={asked} />;
  const rows = asked.data.rows.filter(
    ({ site, service }) =>
      (scope.site === '' || site === scope.site) && (scope.service === '' || service === scope.service),
  );
  const removedOf = (of: typeof rows): number => of.reduce((sum, { removed }) => sum + removed, 0);
  const lines = [...Map.groupBy(rows, ({ rule }) => rule)]
    .toSorted(([, a], [, b]) => removedOf(b) - removedOf(a))
    .map(([rule, hits]): Line => ({
      key: rule,
      cells: [
        rule,
        formatCount(removedOf(hits)),
        some([...new Set(hits.map(({ service }) => service))]),
        formatCount(new Set(hits.map(({ site }) => site)).size),
      ],
    }));
  const heads = [
    { title: 'Detector' },
    { title: 'Removed', number: true },
    { title: 'Services' },
    { title: 'Sites', number: true },
  ];
  const said = asked.data.cut ? 'Of the 500 services and sites with the most; the export under Data has all.' : '';
  return <LinesTable label={label} heads={heads} lines={lines} none="Nothing was scrubbed in this range" said={said} />;
}
