import type { ReceivedSeries, ResourcePromotion } from '@sightline/record';
import type { ProtobufReader } from '../protobuf-reader.ts';
import type { MetricFrame } from './decoded-metrics.ts';
import { LabelBuilder, labelOf, type LabelPairs, readAttribute, setLabel } from './otlp-attributes.ts';

/** What a resource gives to all its series. */
export interface ResourceLabels {
  /** `job` and `instance`: they stand over an attribute of that name. */
  readonly identity: readonly (readonly [name: string, value: string])[];
  /** Where a point has no such label of its own. */
  readonly promoted: readonly (readonly [name: string, value: string])[];
  /** Set where nothing a client says may name another site: records that a site's agent forwarded. */
  readonly forcedSite: string | undefined;
  /** Labels of `target_info`; undefined where it would say nothing. */
  readonly targetInfo: LabelPairs | undefined;
}

export const siteAttributes = ['store.id', 'site.id', 'sightline.site'] as const;

/**
 * Labels of a resource by its attributes, what the key says and which attributes are promoted
 * (https://prometheus.io/docs/prometheus/latest/configuration/configuration/, `otlp`). False in `bad` of the reader when it is malformed.
 */
export function readResource(
  resource: ProtobufReader | undefined,
  { scope, origin }: MetricFrame,
  promotion: ResourcePromotion,
): ResourceLabels {
  const attributes = new Map<string, string>();
  while (resource?.next()) {
    if (!resource.is(1, 2)) continue;
    if (!readAttribute(resource, (key, value) => attributes.set(key, value))) resource.bad = true;
  }
  const first = (...names: readonly string[]): string =>
    names.map((name) => attributes.get(name) ?? '').find((value) => value !== '') ?? '';
  const name = first('service.name');
  const namespace = first('service.namespace');
  const service = name || scope.service || 'unknown';
  const site = origin ? scope.site : first(...siteAttributes) || scope.site;
  const identity = pairs({
    job: name !== '' && namespace !== '' ? `${namespace}/${name}` : service,
    instance: first('service.instance.id', 'host.name') || scope.device,
  });
  const known = pairs({
    site,
    service,
    environment: first('deployment.environment.name', 'deployment.environment') || scope.environment,
    device: first('device.id', 'terminal.id') || scope.device,
  });
  const forcedSite = origin ? scope.site : undefined;
  const promoted = [...known, ...promotedBeside(known, attributes, promotion)];
  return { identity, promoted, forcedSite, targetInfo: targetInfo(attributes, identity, known, forcedSite) };
}

function pairs(labels: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(labels).filter(([, value]) => value !== '');
}

function promotedBeside(
  known: ResourceLabels['promoted'],
  attributes: ReadonlyMap<string, string>,
  { all, attributes: named }: ResourcePromotion,
): (readonly [string, string])[] {
  if (!all && named.length === 0) return [];
  const labels = new LabelBuilder();
  if (all) {
    for (const [key, value] of attributes) if (!named.includes(key)) labels.add(key, value);
  } else for (const key of named) labels.add(key, attributes.get(key) ?? '');
  const promoted: (readonly [string, string])[] = [];
  for (let at = 0; at < labels.pairs.length; at += 2) {
    const [name = '', value = ''] = labels.pairs.slice(at, at + 2);
    if (!known.some(([taken]) => taken === name)) promoted.push([name, value]);
  }
  return promoted;
}

const identifying: ReadonlySet<string> = new Set(['service.name', 'service.namespace', 'service.instance.id']);

/** https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#resource-attributes-1 */
function targetInfo(
  attributes: ReadonlyMap<string, string>,
  identity: ResourceLabels['identity'],
  promoted: ResourceLabels['promoted'],
  forcedSite: string | undefined,
): LabelPairs | undefined {
  const labels = new LabelBuilder();
  for (const [key, value] of attributes) if (!identifying.has(key)) labels.add(key, value);
  if (labels.pairs.length === 0) return undefined;
  placeResource(labels.pairs, { identity, promoted, forcedSite, targetInfo: undefined });
  labels.pairs.push('__name__', 'target_info');
  return labels.pairs;
}

/** Adds what the resource gives to the labels of a point. */
export function placeResource(labels: LabelPairs, resource: ResourceLabels): void {
  const own = labels.length;
  for (const [name, value] of resource.promoted) {
    if (own === 0 || labelOf(labels, name) === '') labels.push(name, value);
  }
  for (const [name, value] of resource.identity) setLabel(labels, name, value);
  if (resource.forcedSite !== undefined) setLabel(labels, 'site', resource.forcedSite);
}

/** Half of PromQL's look-back: a series with a sample this often is never out of sight. */
const targetInfoEveryMs = 150_000;
const targetInfoSamples = 1000;

/** `target_info` over the time that the resource's points cover. */
export function targetInfoSeries(labels: LabelPairs, fromMs: number, toMs: number): ReceivedSeries {
  const times: number[] = [];
  for (let at = fromMs; at < toMs && times.length < targetInfoSamples; at += targetInfoEveryMs) times.push(at);
  times.push(toMs);
  return {
    labels,
    type: 'gauge',
    unit: '',
    help: 'Target metadata',
    delta: false,
    times,
    values: times.map(() => 1),
  };
}
