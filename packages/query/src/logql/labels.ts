import { severityName, severityNames, severityNumber } from '@sightline/record';
import { RE2JS } from 're2js';
import { hexId } from '../logs/log-row.ts';
import type { Matcher, MatchOperator } from './ast.ts';

/**
 * What of a log is a label. Stream labels: `service_name`, `site`, `device`, `environment`, `release` and `level` of every
 * record; of one that came through Loki's push all labels that its client gave; of others the resource attributes that Loki
 * makes labels of as well. The rest of the resource and all attributes are structured metadata.
 */
export type Labels = Readonly<Record<string, string>>;

/** What `rowColumns` selects. */
export interface LogRow {
  readonly tsNs: string;
  readonly line: string;
  readonly service: string;
  readonly site: string;
  readonly device: string;
  readonly environment: string;
  readonly release: string;
  readonly sev: number;
  readonly pushed: number;
  readonly traceHex: string;
  readonly spanHex: string;
  readonly correlation: string;
  readonly resource: Labels;
  readonly attributes: Labels;
}

/** The names differ from the table's, so that no condition meets an alias. */
export const rowColumns = `toString(toUnixTimestamp64Nano(ts)) AS tsNs, body AS line, service, site, device, environment, release, severity AS sev,
  scope_name = 'loki' AS pushed, ${hexId('trace_id', 16)} AS traceHex, ${hexId('span_id', 8)} AS spanHex, correlation_id AS correlation, res AS resource, attrs AS attributes`;

/** Labels that stand in columns of their own, in the order in which they are shown. */
export const coreLabels: Readonly<Record<string, string>> = {
  service_name: 'service',
  site: 'site',
  device: 'device',
  environment: 'environment',
  release: 'release',
};
/** The spellings of a level; `detected_level` is how Grafana asks for it. */
export const levelLabels: ReadonlySet<string> = new Set(['level', 'detected_level']);
/** Structured metadata in columns. */
const identifiers: Readonly<Record<string, { readonly column: string; readonly bytes: number }>> = {
  trace_id: { column: 'trace_id', bytes: 16 },
  span_id: { column: 'span_id', bytes: 8 },
};

/** What the push adds to a client's labels; columns hold it. */
const addedByPush = new Set([
  'service.name',
  'store.id',
  'device.id',
  'deployment.environment.name',
  'service.version',
]);
/** Resource attributes that are stream labels, as in Loki's own defaults for OTLP. */
const resourceLabels: readonly string[] = [
  'cloud.availability_zone',
  'cloud.region',
  'container.name',
  'k8s.cluster.name',
  'k8s.container.name',
  'k8s.cronjob.name',
  'k8s.daemonset.name',
  'k8s.deployment.name',
  'k8s.job.name',
  'k8s.namespace.name',
  'k8s.pod.name',
  'k8s.replicaset.name',
  'k8s.statefulset.name',
  'service.instance.id',
  'service.namespace',
];
const listed = new Set(resourceLabels);
const sanitised = new Map<string, string>();

/** A name as LogQL takes it: letters, digits and underscores. */
export function labelName(name: string): string {
  const known = sanitised.get(name);
  if (known !== undefined) return known;
  const plain = name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
  const valid = /^\d/.test(plain) ? `_${plain}` : plain;
  if (sanitised.size >= 10_000) sanitised.clear();
  sanitised.set(name, valid);
  return valid;
}

/** All that tells streams apart. */
export const streamColumns = `service, site, device, environment, release, if(severity > 24, 0, intDiv(severity + 3, 4) * 4) AS sev, scope_name = 'loki' AS pushed,
  if(scope_name = 'loki', res, mapFilter((k, v) -> k IN (${resourceLabels.map((name) => `'${name}'`).join(', ')}), res)) AS resource`;
export const streamNames = ['service', 'site', 'device', 'environment', 'release', 'sev', 'pushed', 'resource'];

/** The same for the same labels, in whatever order. */
export const labelKey = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}\u0000${value}`)
    .toSorted()
    .join('\u0001');

/** The stream that a row belongs to. */
export function streamLabels(
  row: Omit<LogRow, 'tsNs' | 'line' | 'attributes' | 'traceHex' | 'spanHex' | 'correlation'>,
): Labels {
  const labels: Record<string, string> = {};
  const level = severityName(row.sev);
  if (row.service !== '') labels['service_name'] = row.service;
  if (row.site !== '') labels['site'] = row.site;
  if (row.device !== '') labels['device'] = row.device;
  if (row.environment !== '') labels['environment'] = row.environment;
  if (row.release !== '') labels['release'] = row.release;
  if (level !== '') labels['level'] = level;
  for (const [key, value] of Object.entries(row.resource)) {
    if (value === '' || (row.pushed ? addedByPush.has(key) : !listed.has(key))) continue;
    labels[labelName(key)] ??= value;
  }
  return labels;
}

/** What a row knows besides its stream's labels. */
export function metadataLabels(row: LogRow, stream: Labels): Labels {
  const labels: Record<string, string> = {};
  const add = (key: string, value: string): void => {
    const name = labelName(key);
    if (value !== '' && stream[name] === undefined) labels[name] ??= value;
  };
  add('trace_id', row.traceHex);
  add('span_id', row.spanHex);
  add('correlation_id', row.correlation);
  for (const [key, value] of Object.entries(row.resource)) if (!addedByPush.has(key)) add(key, value);
  for (const [key, value] of Object.entries(row.attributes)) add(key, value);
  add('detected_level', stream['level'] ?? '');
  return labels;
}

/** The names that an attribute may have in the store when its label is `name`: every `_` may be a dot. */
export function storedNames(name: string): string[] {
  const places = [...name.matchAll(/_/g)].map(({ index }) => index);
  const names = new Set([name]);
  if (places.length <= 4) {
    for (let mask = 1; mask < 1 << places.length; mask++) {
      const letters = name.split('');
      for (const [bit, place] of places.entries()) if (mask & (1 << bit)) letters[place] = '.';
      names.add(letters.join(''));
    }
  }
  names.add(name.replaceAll('_', '.'));
  names.add(name.replaceAll('_', '-'));
  return [...names];
}

const expressions = new Map<string, (value: string) => boolean>();

/** Whether the whole of a value fits an expression (RE2, `.` is any character). */
export function wholeMatch(pattern: string): (value: string) => boolean {
  const known = expressions.get(pattern);
  if (known) return known;
  const compiled = RE2JS.compile(`^(?s:${pattern})$`);
  const decided = new Map<string, boolean>();
  const test = (value: string): boolean => {
    let result = decided.get(value);
    if (result === undefined) {
      result = compiled.matches(value);
      if (decided.size >= 1000) decided.clear();
      decided.set(value, result);
    }
    return result;
  };
  if (expressions.size >= 200) expressions.clear();
  expressions.set(pattern, test);
  return test;
}

/** Whether a label's value ('' where there is none) is what a matcher wants. */
export function matcherTest({
  op,
  value,
}: {
  readonly op: MatchOperator;
  readonly value: string;
}): (value: string) => boolean {
  if (op === '=') return (given) => given === value;
  if (op === '!=') return (given) => given !== value;
  const test = wholeMatch(value);
  return op === '=~' ? test : (given) => !test(given);
}

const spellings: Readonly<Record<string, readonly string[]>> = {
  '': [''],
  info: ['information', 'informational'],
  warn: ['warning'],
  error: ['err'],
  fatal: ['critical', 'crit', 'emerg', 'alert', 'panic'],
};

/** The levels that a matcher wants, under any of their common spellings; '' are records without one. */
export function levelsOf(matcher: Pick<Matcher, 'op' | 'value'>): ReadonlySet<string> {
  const names = ['', ...severityNames];
  if (matcher.op === '=' || matcher.op === '!=') {
    const meant = matcher.value === '' ? '' : severityName(severityNumber(matcher.value)) || '?';
    return new Set(names.filter((name) => (name === meant) === (matcher.op === '=')));
  }
  const test = wholeMatch(matcher.value);
  const fits = (name: string): boolean =>
    [name, name.toUpperCase(), ...(spellings[name] ?? [])].some((spelling) => test(spelling));
  return new Set(names.filter((name) => fits(name) === (matcher.op === '=~')));
}

/** Whether a record of this site can match a selector. */
export function siteFits(matchers: readonly Matcher[], site: string): boolean {
  return matchers.every(({ label, op, value }) => {
    if (label !== 'site') return true;
    if (op === '=' || op === '!=') return (site === value) === (op === '=');
    return wholeMatch(value)(site) === (op === '=~');
  });
}

export const identifierOf = (label: string): { column: string; bytes: number } | undefined =>
  Object.hasOwn(identifiers, label) ? identifiers[label] : undefined;
