import type { Rule, RuleSeverity, RuleValues } from '@sightline/contract';
import { readWhere, writeWhere } from './label-pairs.ts';

export const sources = [
  'logs',
  'spans',
  'errors',
  'metric',
  'vital',
  'silence',
  'issues',
  'pattern',
  'feedback',
] as const;
export type Source = (typeof sources)[number];
export const measures = ['count', 'rate', 'share', 'percentile'] as const;
export type Measure = (typeof measures)[number];
export const metricAggregates = ['avg', 'min', 'max', 'sum', 'rate', 'increase', 'share'] as const;
export type MetricAggregate = (typeof metricAggregates)[number];
export const operators = ['>', '>=', '<', '<='] as const;
export type Operator = (typeof operators)[number];
export const vitals = ['cpu', 'memory', 'disk', 'queue'] as const;
export type Vital = (typeof vitals)[number];
export const silenceTables = ['any', 'logs', 'spans', 'errors'] as const;
export type SilenceTable = (typeof silenceTables)[number];

export const issueNews = ['new', 'regressed', 'spiking'] as const;
export type IssueNews = (typeof issueNews)[number];

/** Levels from which a new pattern is told; '' is every line. */
export const patternLevels = ['', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type PatternLevel = (typeof patternLevels)[number];

/** A rule as the form holds it: every field of every source, so that trying another source loses nothing. */
export interface Draft {
  readonly name: string;
  readonly description: string;
  readonly severity: RuleSeverity;
  readonly enabled: boolean;
  readonly policy: string;
  readonly runbook: string;
  /** `team=shops, floor=2` */
  readonly labels: string;
  readonly everyMs: number;
  readonly forMs: number;
  readonly source: Source;
  readonly query: string;
  readonly measure: Measure;
  readonly of: string;
  readonly field: string;
  readonly percentile: number;
  readonly metrics: readonly string[];
  readonly where: string;
  readonly aggregate: MetricAggregate;
  readonly ofMetrics: readonly string[];
  readonly ofWhere: string;
  readonly vital: Vital;
  readonly windowMs: number;
  readonly operator: Operator;
  readonly threshold: number;
  readonly by: readonly string[];
  readonly leastSample: number;
  readonly leastHits: number;
  readonly silenceTable: SilenceTable;
  readonly silentMs: number;
  readonly lookbackMs: number;
  readonly what: IssueNews;
  readonly least: number;
  readonly times: number;
  readonly level: PatternLevel;
  readonly days: number;
}

/** What a search says at first; where nothing is said, all counts. */
const firstQueries: Readonly<Partial<Record<Source, string>>> = { logs: 'severity:>=error', spans: 'status:error' };

/** Another source, with a search of its own: what a person wrote stays, what stood there at first makes room. */
export function withSource(draft: Draft, source: Source): Partial<Draft> {
  const untouched = draft.query === (firstQueries[draft.source] ?? '');
  return { source, ...(untouched ? { query: firstQueries[source] ?? '' } : {}) };
}

const minuteMs = 60_000;
export const emptyDraft: Draft = {
  name: '',
  description: '',
  severity: 'high',
  enabled: true,
  policy: '',
  runbook: '',
  labels: '',
  everyMs: 30_000,
  forMs: 0,
  source: 'logs',
  query: firstQueries.logs ?? '',
  measure: 'count',
  of: '',
  field: 'duration',
  percentile: 95,
  metrics: [],
  where: '',
  aggregate: 'avg',
  ofMetrics: [],
  ofWhere: '',
  vital: 'cpu',
  windowMs: 5 * minuteMs,
  operator: '>',
  threshold: 10,
  by: ['site'],
  leastSample: 0,
  leastHits: 0,
  silenceTable: 'any',
  silentMs: 10 * minuteMs,
  lookbackMs: 1440 * minuteMs,
  what: 'new',
  least: 1,
  times: 5,
  level: 'warn',
  days: 7,
};

/** The settings of the rule's kind, as the server reads them. */
export function settingsOf(draft: Draft): Pick<RuleValues, 'type' | 'settings'> {
  if (draft.source === 'silence') {
    const { silenceTable: table, query, by, silentMs, lookbackMs } = draft;
    return { type: 'absence', settings: { table, query, by, silentMs, lookbackMs } };
  }
  if (draft.source === 'issues') {
    const { what, query, windowMs, least, times } = draft;
    return { type: 'issues', settings: { what, query, windowMs, least, times } };
  }
  if (draft.source === 'pattern') {
    const { query, level, windowMs, least, days } = draft;
    return {
      type: 'new-pattern',
      settings: { query, level, windowMs: Math.min(windowMs, 60 * minuteMs), least, days },
    };
  }
  if (draft.source === 'feedback') {
    const { query: words, windowMs } = draft;
    return { type: 'feedback', settings: { words, where: Object.fromEntries(readWhere(draft.where)), windowMs } };
  }
  const { windowMs, operator, threshold, by, leastSample, leastHits } = draft;
  const share = isShare(draft);
  return {
    type: 'threshold',
    settings: {
      source: sourceOf(draft),
      windowMs,
      operator,
      threshold,
      by: draft.source === 'vital' ? ['site'] : by,
      leastSample: hasSample(draft) ? leastSample : 0,
      leastHits: share ? leastHits : 0,
    },
  };
}

function sourceOf(draft: Draft): Record<string, unknown> {
  if (draft.source === 'vital') return { kind: 'vital', vital: draft.vital };
  if (draft.source === 'metric') {
    const { metrics, aggregate, ofMetrics } = draft;
    const where = Object.fromEntries(readWhere(draft.where));
    if (aggregate !== 'share') return { kind: 'metric', metrics, where, aggregate };
    return {
      kind: 'metric',
      metrics,
      where,
      aggregate,
      ofMetrics,
      ofWhere: Object.fromEntries(readWhere(draft.ofWhere)),
    };
  }
  const { query, measure, of, field, percentile } = draft;
  return {
    kind: 'records',
    table: draft.source,
    query,
    measure,
    ...(measure === 'share' ? { of } : {}),
    ...(measure === 'percentile' ? { field, percentile } : {}),
  };
}

const isRecords = ({ source }: Draft): boolean => source === 'logs' || source === 'spans' || source === 'errors';
/** The value is a part of a whole, in percent. */
export const isShare = (draft: Draft): boolean =>
  (isRecords(draft) && draft.measure === 'share') || (draft.source === 'metric' && draft.aggregate === 'share');
/** There may be too few records for a judgement. */
export const hasSample = (draft: Draft): boolean =>
  isShare(draft) || (isRecords(draft) && draft.measure === 'percentile');

/** What stands behind the limit's number. */
export function unitOf(draft: Draft): string {
  if (draft.source === 'vital') return draft.vital === 'queue' ? 'items' : '%';
  if (isShare(draft)) return '%';
  const measure = draft.source === 'metric' ? draft.aggregate : draft.measure;
  if (measure === 'rate') return 'a minute';
  if (isRecords(draft) && measure === 'percentile' && draft.field === 'duration') return 'ms';
  return isRecords(draft) && measure === 'count' ? 'records' : '';
}

/** What is sent to be kept. */
export function valuesOf(draft: Draft): RuleValues {
  const { name, description, severity, enabled, policy, runbook, everyMs, forMs } = draft;
  return {
    name: name.trim(),
    description,
    severity,
    enabled,
    policy,
    runbook,
    labels: Object.fromEntries(readWhere(draft.labels)),
    everyMs,
    forMs,
    ...settingsOf(draft),
  };
}

/** A rule as the form holds it. What this page does not know keeps the form's own value. */
export function draftOf(rule: Rule): Draft {
  const { name, description, severity, enabled, policy, runbook, everyMs, forMs } = rule;
  const own = {
    name,
    description,
    severity,
    enabled,
    policy,
    runbook,
    everyMs,
    forMs,
    labels: writeWhere(Object.entries(rule.labels)),
  };
  const given: Readonly<Record<string, unknown>> = rule.settings;
  const by = texts(given['by']) ?? emptyDraft.by;
  if (rule.type === 'absence') {
    return {
      ...emptyDraft,
      ...own,
      by,
      source: 'silence',
      query: text(given['query'], ''),
      silenceTable: oneOf(silenceTables, given['table'], 'any'),
      silentMs: number(given['silentMs'], emptyDraft.silentMs),
      lookbackMs: number(given['lookbackMs'], emptyDraft.lookbackMs),
    };
  }
  if (rule.type === 'issues') {
    return {
      ...emptyDraft,
      ...own,
      source: 'issues',
      query: text(given['query'], ''),
      what: oneOf(issueNews, given['what'], 'new'),
      windowMs: number(given['windowMs'], 10 * minuteMs),
      least: number(given['least'], 1),
      times: number(given['times'], 5),
    };
  }
  if (rule.type === 'new-pattern') {
    return {
      ...emptyDraft,
      ...own,
      source: 'pattern',
      query: text(given['query'], ''),
      level: oneOf(patternLevels, given['level'], 'warn'),
      windowMs: number(given['windowMs'], 10 * minuteMs),
      least: number(given['least'], 1),
      days: number(given['days'], 7),
    };
  }
  if (rule.type === 'feedback') {
    return {
      ...emptyDraft,
      ...own,
      source: 'feedback',
      query: text(given['words'], ''),
      where: pairs(given['where']),
      windowMs: number(given['windowMs'], 10 * minuteMs),
    };
  }
  const source = (given['source'] ?? {}) as Readonly<Record<string, unknown>>;
  const common = {
    ...emptyDraft,
    ...own,
    by,
    windowMs: number(given['windowMs'], emptyDraft.windowMs),
    operator: oneOf(operators, given['operator'], '>'),
    threshold: number(given['threshold'], 0),
    leastSample: number(given['leastSample'], 0),
    leastHits: number(given['leastHits'], 0),
  };
  if (source['kind'] === 'vital') return { ...common, source: 'vital', vital: oneOf(vitals, source['vital'], 'cpu') };
  if (source['kind'] === 'metric') {
    return {
      ...common,
      source: 'metric',
      metrics: texts(source['metrics']) ?? [],
      where: pairs(source['where']),
      aggregate: oneOf(metricAggregates, source['aggregate'], 'avg'),
      ofMetrics: texts(source['ofMetrics']) ?? [],
      ofWhere: pairs(source['ofWhere']),
    };
  }
  return {
    ...common,
    source: oneOf(['logs', 'spans', 'errors'] as const, source['table'], 'logs'),
    query: text(source['query'], ''),
    measure: oneOf(measures, source['measure'], 'count'),
    of: text(source['of'], ''),
    field: text(source['field'], 'duration'),
    percentile: number(source['percentile'], 95),
  };
}

const text = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);
const number = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);
const texts = (value: unknown): string[] | undefined =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : undefined;
function oneOf<T extends string>(all: readonly T[], value: unknown, otherwise: T): T {
  return all.find((one) => one === value) ?? otherwise;
}
function pairs(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '';
  return writeWhere(
    Object.entries(value).flatMap(([name, one]): [string, string][] =>
      typeof one === 'string' && one !== '' ? [[name, one]] : [],
    ),
  );
}
