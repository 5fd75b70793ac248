import { createHash } from 'node:crypto';
import { fail, ok, parseDuration, type Result } from '@sightline/base';
import { type LabelMap, relabel } from '../config/relabel.ts';
import type { ScrapeJob, TargetGroup } from '../config/scrape-job.ts';

/** What is asked, how often, and which labels its series get. */
export interface Target {
  /** Tells targets apart, also of the configuration before: job, address, labels. */
  readonly key: string;
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** As they were found, before relabelling. */
  readonly discovered: ReadonlyMap<string, string>;
  /** Labels of its series: `job` and `instance` among them. */
  readonly labels: ReadonlyMap<string, string>;
}

/** `dropped`: the rules leave it out; `broken`: it cannot be asked, and why. */
export type FoundTarget =
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'dropped'; readonly discovered: ReadonlyMap<string, string> }
  | { readonly kind: 'broken'; readonly why: string };

/** Writes milliseconds as Prometheus writes durations: `15s`, `1m30s`. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s';
  let rest = ms;
  let text = '';
  for (const [unit, size] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}

/** The targets of a group (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config). */
export function targetsOf(job: ScrapeJob, group: TargetGroup): FoundTarget[] {
  return group.targets.map((own) => {
    const labels: LabelMap = new Map([...defaultsOf(job), ...group.labels, ...own]);
    const discovered = new Map(labels);
    if (!relabel(labels, job.relabelRules)) return { kind: 'dropped', discovered };
    const target = makeTarget(job, labels, discovered);
    return target.ok ? { kind: 'target', target: target.value } : { kind: 'broken', why: target.error };
  });
}

function defaultsOf(job: ScrapeJob): [string, string][] {
  return [
    ['job', job.name],
    ['__scrape_interval__', durationText(job.intervalMs)],
    ['__scrape_timeout__', durationText(job.timeoutMs)],
    ['__metrics_path__', job.metricsPath],
    ['__scheme__', job.scheme],
    ...[...job.params].flatMap(([name, [value]]): [string, string][] =>
      value === undefined ? [] : [[`__param_${name}`, value]],
    ),
  ];
}

function makeTarget(job: ScrapeJob, labels: LabelMap, discovered: LabelMap): Result<Target, string> {
  const address = labels.get('__address__') ?? '';
  if (address === '') return fail('a target has no address');
  if (address.includes('/')) return fail(`"${address}" is no address: it must be host and port without a path`);
  const scheme = labels.get('__scheme__') ?? '';
  const url = urlOf(job, labels, scheme, address);
  if (!url || !['http', 'https'].includes(scheme)) return fail(`"${scheme}://${address}" is no address`);
  const interval = parseDuration(labels.get('__scrape_interval__') ?? '');
  const timeout = parseDuration(labels.get('__scrape_timeout__') ?? '');
  if (!interval.ok || !timeout.ok || interval.value <= 0 || timeout.value <= 0)
    return fail(`${address}: the labels __scrape_interval__ and __scrape_timeout__ must be durations`);
  if (timeout.value > interval.value) return fail(`${address}: __scrape_timeout__ is longer than __scrape_interval__`);
  if (!labels.has('instance')) labels.set('instance', address);
  const own = new Map([...labels].filter(([name]) => !name.startsWith('__')).sort(([a], [b]) => (a < b ? -1 : 1)));
  const key = createHash('sha1')
    .update(JSON.stringify([job.name, url, [...own]]))
    .digest('hex');
  return ok({ key, url, intervalMs: interval.value, timeoutMs: timeout.value, discovered, labels: own });
}

function urlOf(job: ScrapeJob, labels: LabelMap, scheme: string, address: string): string | undefined {
  const parsed = URL.parse(`${scheme}://${address}`);
  if (!parsed) return undefined;
  const [path = '', query = ''] = (labels.get('__metrics_path__') ?? '/metrics').split(/\?(.*)/s);
  parsed.pathname = path;
  const params = new URLSearchParams(query);
  for (const [name, values] of job.params) for (const value of values.slice(1)) params.append(name, value);
  const search = new URLSearchParams();
  for (const [name, value] of labels)
    if (name.startsWith('__param_')) search.append(name.slice('__param_'.length), value);
  for (const [name, value] of params) search.append(name, value);
  parsed.search = search.toString();
  return parsed.href;
}
