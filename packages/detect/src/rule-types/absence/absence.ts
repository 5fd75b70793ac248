import { formatDuration } from '@sightline/base';
import { z } from 'zod';
import {
  groupValues,
  seenDimensions,
  type Answer,
  type Question,
  type RecordsQuestion,
} from '../../rules/questions.ts';
import { pullScope, scopeLabels } from '../../rules/records-plan.ts';
import { pageLink } from '../../rules/words.ts';
import { defineRuleType, type Moment, type Reading, type RuleFault } from '../define-rule-type.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** What is usual is learnt anew this often: it reads the whole look-back. */
const expectedMaxAgeMs = 10 * minuteMs;

export const absenceSettings = z.object({
  /** `any` signal at all, or records of one table that match the search. */
  table: z.enum(['any', 'logs', 'spans', 'errors']),
  /** With `any`: equalities on site, service and environment alone. */
  query: z.string().max(4000).default(''),
  by: z.array(z.enum(seenDimensions)).min(1).max(3).default(['site']),
  silentMs: z.number().int().min(minuteMs).max(dayMs),
  /** A group is expected when it was heard within so long. */
  lookbackMs: z
    .number()
    .int()
    .min(10 * minuteMs)
    .max(7 * dayMs)
    .default(dayMs),
});
export type AbsenceSettings = z.output<typeof absenceSettings>;

/** Silence of what is usually heard: a store, a service, a kind of record. */
export const absenceRule = defineRuleType<AbsenceSettings>({
  name: 'absence',
  title: 'Absence',
  description: 'Finds what was heard before and is silent now.',
  settings: absenceSettings,
  check,
  questions,
  judge: (settings, answers, moment) =>
    settings.table === 'any' ? judgeSeen(settings, answers, moment) : judgeRecords(settings, answers, moment),
  limit: ({ silentMs }) => ({ threshold: silentMs, operator: '>=', unit: 'ms' }),
  summary: (settings, { value }) =>
    `nothing for ${formatDuration(Math.floor(value / minuteMs) * minuteMs)}, limit ${formatDuration(settings.silentMs)}`,
  link: ({ table, query }, labels, { toMs, fromMs }) => {
    const scope = {
      site: labels['site'] ?? '',
      service: labels['service'] ?? '',
      environment: labels['environment'] ?? '',
    };
    const time = { from: String(fromMs), to: String(toMs) };
    if (table === 'any')
      return scope.site === ''
        ? pageLink('/logs', { ...scope, ...time })
        : pageLink(`/sites/${encodeURIComponent(scope.site)}`, time);
    return pageLink(table === 'logs' ? '/logs' : table === 'spans' ? '/traces' : '/errors', {
      q: query,
      ...scope,
      ...time,
    });
  },
  windowMs: (settings) => settings.silentMs,
});

function check(settings: AbsenceSettings): RuleFault[] {
  const { table, query, silentMs, lookbackMs } = settings;
  const faults: RuleFault[] = [];
  if (lookbackMs < 2 * silentMs)
    faults.push({
      field: 'lookbackMs',
      message: 'what is usual must be looked for in at least twice the time of silence',
    });
  const read = pullScope(records(table === 'any' ? 'logs' : table, settings, silentMs));
  if (!read.ok) {
    faults.push({
      field: 'query',
      message: `At character ${read.error.position.from + 1}: ${read.error.message}.`,
      position: read.error.position,
    });
  } else if (table === 'any' && read.value.rest.kind !== 'everything') {
    faults.push({
      field: 'query',
      message:
        'any signal is told apart by site, service and environment alone; choose logs, traces or errors to search for more',
      position: { from: 0, to: query.length },
    });
  }
  return faults;
}

function records(
  table: 'logs' | 'spans' | 'errors',
  { query, by }: AbsenceSettings,
  windowMs: number,
): RecordsQuestion {
  return { kind: 'records', table, query, by, windowMs, measure: 'count' };
}

function questions(settings: AbsenceSettings): Question[] {
  const { table, by, query, silentMs, lookbackMs } = settings;
  if (table === 'any') return [{ kind: 'seen', by, where: scopeLabels('logs', query) }];
  return [records(table, settings, silentMs), { ...records(table, settings, lookbackMs), maxAgeMs: expectedMaxAgeMs }];
}

const labelsOf = ({ table, query, by }: AbsenceSettings, group: string): Record<string, string> => {
  const values = groupValues(group);
  return {
    ...scopeLabels(table === 'any' ? 'logs' : table, query),
    ...Object.fromEntries(by.flatMap((name, i): [string, string][] => (values[i] ? [[name, values[i]]] : []))),
  };
};

/** Once found, a silence lasts until something is heard, however long ago the last sign was. */
function judgeSeen(
  settings: AbsenceSettings,
  [seen]: readonly Answer[],
  { endMs, watchingSinceMs }: Moment,
): Reading[] {
  return [...(seen?.values ?? [])].map(([group, heardMs]) => {
    const silentMs = endMs - heardMs;
    const witnessedMs = endMs - Math.max(heardMs, watchingSinceMs);
    return {
      labels: labelsOf(settings, group),
      value: silentMs,
      holds: witnessedMs >= settings.silentMs && silentMs <= settings.lookbackMs,
      keeps: silentMs >= settings.silentMs,
    };
  });
}

function judgeRecords(
  settings: AbsenceSettings,
  [now, usual]: readonly Answer[],
  { endMs, watchingSinceMs }: Moment,
): Reading[] {
  const witnessed = endMs - watchingSinceMs >= settings.silentMs;
  return [...(usual?.values.keys() ?? [])].map((group) => {
    const silent = !now?.values.has(group);
    return {
      labels: labelsOf(settings, group),
      value: silent ? settings.silentMs : 0,
      holds: silent && witnessed,
      keeps: silent,
    };
  });
}
