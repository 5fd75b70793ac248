import { formatDuration } from '@sightline/base';
import { gaugeNames } from '@sightline/query';
import {
  groupOf,
  groupValues,
  type Answer,
  type MetricQuestion,
  type Question,
  type RecordsQuestion,
} from '../../rules/questions.ts';
import { numberSql, pullScope, scopeLabels } from '../../rules/records-plan.ts';
import { breaks, formatLimit, formatMeasure, pageLink, searchTerm } from '../../rules/words.ts';
import { defineRuleType, type Limit, type Reading, type RuleFault } from '../define-rule-type.ts';
import { thresholdSettings, type MetricSource, type RecordsSource, type ThresholdSettings } from './settings.ts';

/** A measure beyond a limit: counts, rates, shares and percentiles of records; aggregates of metrics; levels of machines. */
export const thresholdRule = defineRuleType<ThresholdSettings>({
  name: 'threshold',
  title: 'Threshold',
  description: 'Finds when a measure of logs, traces, errors or metrics crosses a limit.',
  settings: thresholdSettings,
  check,
  questions,
  judge: (settings, answers) => judge(settings, answers),
  limit: limitOf,
  summary: (settings, { value, sample }) => {
    const limit = limitOf(settings);
    const of = sample === undefined ? '' : ` of ${Math.round(sample)}${isShare(settings) ? '' : ' records'}`;
    const window = settings.source.kind === 'vital' ? '' : ` in ${formatDuration(settings.windowMs)}`;
    return `${formatMeasure(value, limit.unit)}${of}${window}, ${formatLimit(limit)}`;
  },
  link,
  windowMs: (settings) => settings.windowMs,
});

const isShare = ({ source }: ThresholdSettings): boolean =>
  (source.kind === 'records' && source.measure === 'share') ||
  (source.kind === 'metric' && source.aggregate === 'share');

function limitOf({ source, threshold, operator }: ThresholdSettings): Limit {
  return { threshold, operator, unit: unitOf(source) };
}

function unitOf(source: ThresholdSettings['source']): string {
  if (source.kind === 'vital') return source.vital === 'queue' ? '' : '%';
  const measure = source.kind === 'records' ? source.measure : source.aggregate;
  if (measure === 'share') return '%';
  if (measure === 'rate') return '1/min';
  return source.kind === 'records' && measure === 'percentile' && source.field === 'duration' ? 'ms' : '';
}

function check(settings: ThresholdSettings): RuleFault[] {
  const { source, by, threshold } = settings;
  const faults: RuleFault[] = [];
  if (source.kind === 'records') {
    for (const field of source.measure === 'share' ? (['query', 'of'] as const) : (['query'] as const)) {
      const read = pullScope({ ...recordsQuestion(settings, source[field]), measure: 'count' });
      if (!read.ok)
        faults.push({
          field: `source.${field}`,
          message: `At character ${read.error.position.from + 1}: ${read.error.message}.`,
          position: read.error.position,
        });
    }
    if (source.measure === 'percentile') {
      const number = numberSql(source.table, source.field, 'n');
      if (!number.ok) faults.push({ field: 'source.field', message: number.error });
    }
  }
  if (source.kind === 'vital' && by.some((label) => label !== 'site'))
    faults.push({ field: 'by', message: 'levels of machines are grouped by site alone' });
  if (isShare(settings) && (threshold < 0 || threshold > 100))
    faults.push({ field: 'threshold', message: 'a share lies between 0 and 100 %' });
  return faults;
}

function recordsQuestion({ source, windowMs, by }: ThresholdSettings, query: string): RecordsQuestion {
  if (source.kind !== 'records') throw new Error('not a source of records');
  return { kind: 'records', table: source.table, query, windowMs, by, measure: 'count' };
}

function questions(settings: ThresholdSettings): Question[] {
  const { source, by, windowMs } = settings;
  if (source.kind === 'vital') return [{ kind: 'vital', vital: source.vital }];
  if (source.kind === 'records') {
    const hits = recordsQuestion(settings, source.query);
    if (source.measure === 'share') return [hits, recordsQuestion(settings, source.of)];
    if (source.measure !== 'percentile') return [hits];
    const quantile: RecordsQuestion = { ...hits, measure: { quantile: source.percentile / 100, field: source.field } };
    return settings.leastSample > 0 ? [quantile, hits] : [quantile];
  }
  const metric = (
    metrics: readonly string[],
    where: MetricSource['where'],
    aggregate: MetricQuestion['aggregate'],
  ): MetricQuestion => ({
    kind: 'metric',
    metrics,
    where,
    by,
    windowMs,
    aggregate,
  });
  const { aggregate, metrics, where } = source;
  if (aggregate === 'share') {
    const all = source.ofMetrics.length > 0 ? source.ofMetrics : metrics;
    return [metric(metrics, where, 'increase'), metric(all, source.ofWhere, 'increase')];
  }
  return [metric(metrics, where, aggregate === 'rate' ? 'increase' : aggregate)];
}

function judge(settings: ThresholdSettings, [first, second]: readonly Answer[]): Reading[] {
  const values = first?.values ?? new Map<string, number>();
  if (isShare(settings)) return judgeShare(settings, values, second?.values ?? new Map<string, number>());
  const { source, windowMs, leastSample } = settings;
  const scale =
    source.kind === 'vital' ? (source.vital === 'queue' ? 1 : 100) : unitOf(source) === '1/min' ? 60_000 / windowMs : 1;
  const groups = new Map(values);
  // Nothing counted is a count as well where there are no groups to be missing.
  const counts = source.kind === 'records' && source.measure !== 'percentile';
  if (counts && settings.by.length === 0 && groups.size === 0) groups.set(groupOf([]), 0);
  return [...groups].map(([group, value]) => {
    const scaled = value * scale;
    const broken = breaks(scaled, settings);
    const sample = second?.values.get(group);
    const enough = leastSample === 0 || (sample ?? (counts ? value : 0)) >= leastSample;
    return {
      labels: labelsOf(settings, group),
      value: scaled,
      holds: broken && enough,
      keeps: broken,
      ...(sample === undefined ? {} : { sample }),
    };
  });
}

function judgeShare(
  settings: ThresholdSettings,
  hits: ReadonlyMap<string, number>,
  all: ReadonlyMap<string, number>,
): Reading[] {
  return [...all].flatMap(([group, total]) => {
    if (total <= 0) return [];
    const part = hits.get(group) ?? 0;
    const value = (100 * part) / total;
    const broken = breaks(value, settings);
    const enough = total >= settings.leastSample && part >= settings.leastHits;
    return [{ labels: labelsOf(settings, group), value, holds: broken && enough, keeps: broken, sample: total }];
  });
}

/** What the search or the metric's labels fix, and the group. */
function labelsOf({ source, by }: ThresholdSettings, group: string): Record<string, string> {
  if (source.kind === 'vital') return { site: groupValues(group)[0] ?? '' };
  const fixed =
    source.kind === 'records'
      ? scopeLabels(source.table, source.query)
      : Object.fromEntries(Object.entries(source.where).filter(([name]) => name === 'site' || name === 'service'));
  const values = groupValues(group);
  const own = by.flatMap((label, i): [string, string][] => (values[i] ? [[label, values[i]]] : []));
  return { ...fixed, ...Object.fromEntries(own) };
}

const pages: Readonly<Record<RecordsSource['table'], string>> = { logs: '/logs', spans: '/traces', errors: '/errors' };
const scopeNames: ReadonlySet<string> = new Set(['site', 'service', 'environment']);

function link(
  { source, by }: ThresholdSettings,
  labels: Readonly<Record<string, string>>,
  at: { fromMs: number; toMs: number },
): string {
  const scope = Object.fromEntries(Object.entries(labels).filter(([name]) => scopeNames.has(name)));
  const time = { from: String(at.fromMs), to: String(at.toMs) };
  if (source.kind === 'records') {
    const group = by
      .filter((label) => !scopeNames.has(label))
      .flatMap((label) => (labels[label] ? [searchTerm(label, labels[label])] : []));
    return pageLink(pages[source.table], {
      q: [source.query, ...group].filter((part) => part !== '').join(' '),
      ...scope,
      ...time,
    });
  }
  if (source.kind === 'vital')
    return pageLink('/metrics', {
      metric: gaugeNames[source.vital][0],
      by: 'site',
      aggregate: 'max',
      ...scope,
      ...time,
    });
  const where = {
    ...source.where,
    ...Object.fromEntries(Object.entries(labels).filter(([name]) => by.includes(name))),
  };
  const pairs = Object.entries(where).filter(([name]) => !scopeNames.has(name));
  const counter = ['rate', 'increase', 'share'].includes(source.aggregate);
  return pageLink('/metrics', {
    metric: source.metrics[0] ?? '',
    aggregate: counter ? 'increase' : source.aggregate,
    where: pairs.map(([name, value]) => `${name}=${value.replaceAll(/[\\,]/g, String.raw`\$&`)}`).join(','),
    ...scope,
    ...time,
  });
}
