import path from 'node:path';
import { fail, ok, type Result } from '@sightline/base';
import type { ResourcePromotion } from '@sightline/record';
import { parse } from 'yaml';
import {
  defaultScrapeProtocols,
  nativeScrapeProtocols,
  type ScrapeProtocol,
  scrapeProtocols,
} from '../exposition/negotiate.ts';
import { readHttpClientConfig } from './http-client-config.ts';
import { readKubernetesDiscovery } from './kubernetes-config.ts';
import { readRelabelRules } from './relabel.ts';
import type { Discovery, ScrapeJob, ScrapeLimits, TargetGroup } from './scrape-job.ts';
import { type Notes, Section } from './section.ts';

/** What a Prometheus configuration file says about scraping. */
export interface ScrapeConfig {
  readonly jobs: readonly ScrapeJob[];
  /** Keys that were left out, and why. */
  readonly warnings: readonly string[];
  /** Attributes of OTLP resources that become labels; undefined where the file does not say. */
  readonly promotion: ResourcePromotion | undefined;
}

const knownDiscoveries: readonly string[] = [
  'file_sd_configs',
  'http_sd_configs',
  'dns_sd_configs',
  'kubernetes_sd_configs',
];
/** Parts of the file that others look after: nothing to warn of. */
const otherParts = [
  'rule_files',
  'alerting',
  'remote_write',
  'remote_read',
  'storage',
  'tracing',
  'runtime',
  'scrape_config_files',
];
const promotedAtMost = 100;
const defaultTranslation = 'UnderscoreEscapingWithSuffixes';
/** The most that is unzipped of a target's answer where the file names no bound. */
export const bodyLimitBytes = 64 * 1024 * 1024;

/**
 * Reads the scraping part of an unchanged `prometheus.yml`
 * (https://prometheus.io/docs/prometheus/latest/configuration/configuration/). Files that it names are relative to `folder`; undefined is for
 * texts of people who may not read this machine's files: whatever would is refused. Refuses what Prometheus refuses, with the place; secrets are never repeated in a message.
 */
export function readScrapeConfig(text: string, folder: string | undefined): Result<ScrapeConfig, string> {
  let content: unknown;
  try {
    content = parse(text, { maxAliasCount: 100 });
  } catch (error) {
    // The first line has the place; the others show the file, and a secret may stand there.
    return fail(`the file is no YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`);
  }
  const notes: Notes = { errors: [], warnings: [] };
  const whole = new Section(content ?? {}, '', notes);
  for (const part of otherParts) whole.raw(part);
  if (whole.has('scrape_config_files'))
    whole.warn('scrape_config_files is not read: write the jobs into scrape_configs');
  const promotion = readPromotion(whole, folder);
  const global = readGlobal(whole.section('global'));
  const placeOf = (value: unknown, n: number): string =>
    typeof value === 'object' && value !== null && 'job_name' in value ? String(value.job_name) : String(n);
  const jobs = whole.sections('scrape_configs', placeOf).map((section) => readJob(section, global, folder));
  whole.finish();
  const twice = jobs.find(({ name }, n) => jobs.findIndex((other) => other.name === name) !== n);
  if (twice) notes.errors.push(`two scrape_configs have the job_name "${twice.name}"`);
  return notes.errors.length > 0
    ? fail(notes.errors.slice(0, 20).join('; '))
    : ok({ jobs, warnings: notes.warnings, promotion });
}

/** What `otlp` says of attributes of resources. The rest of that section is not followed, and what differs from Prometheus' defaults is warned of. */
function readPromotion(whole: Section, folder: string | undefined): ResourcePromotion | undefined {
  const section = whole.section('otlp');
  if (section.keys.length === 0) return undefined;
  if (folder === undefined) {
    section.warn('it is of the whole server, and left out here: --otlp-promote-resource-attributes');
    return undefined;
  }
  const named = section.texts('promote_resource_attributes');
  const all = section.flag('promote_all_resource_attributes', false);
  const ignored = section.texts('ignore_resource_attributes');
  if (all && named.length > 0)
    section.error('promote_all_resource_attributes and promote_resource_attributes exclude each other');
  if (!all && ignored.length > 0)
    section.error('ignore_resource_attributes needs promote_all_resource_attributes: true');
  const attributes = all ? ignored : named;
  if (attributes.some((name) => name === '')) section.error('an attribute has no name');
  if (new Set(attributes).size < attributes.length) section.error('an attribute is named twice');
  if (attributes.length > promotedAtMost) section.error(`at most ${promotedAtMost} attributes can be named`);
  const strategy = section.text('translation_strategy', defaultTranslation);
  if (strategy !== defaultTranslation) section.warn(`names are made by ${defaultTranslation} alone`);
  section.finish();
  return all || named.length > 0 ? { attributes, all } : undefined;
}

interface Defaults {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly protocols: readonly ScrapeProtocol[] | undefined;
  readonly nativeHistograms: boolean;
  readonly classicHistograms: boolean;
  readonly limits: ScrapeLimits;
  readonly externalLabels: ReadonlyMap<string, string>;
}

function readGlobal(section: Section): Defaults {
  for (const key of ['evaluation_interval', 'rule_query_offset', 'query_log_file', 'scrape_failure_log_file'])
    section.raw(key);
  for (const key of ['metric_name_validation_scheme', 'metric_name_escaping_scheme', 'keep_dropped_targets'])
    section.raw(key);
  const intervalMs = section.duration('scrape_interval', 60_000);
  const externalLabels = section.mapping('external_labels');
  if ([...externalLabels.values()].some((value) => /\$\{?\w/.test(value)))
    section.warn('external_labels are taken as they stand: variables are not replaced');
  const defaults: Defaults = {
    intervalMs,
    timeoutMs: section.duration('scrape_timeout', Math.min(10_000, intervalMs)),
    protocols: readProtocols(section),
    nativeHistograms: section.flag('scrape_native_histograms', false),
    classicHistograms: section.flag('always_scrape_classic_histograms', false),
    limits: readLimits(section, {
      bodyBytes: bodyLimitBytes,
      samples: Infinity,
      targets: Infinity,
      labels: Infinity,
      labelNameLength: Infinity,
      labelValueLength: Infinity,
    }),
    externalLabels,
  };
  section.finish();
  return defaults;
}

/** 0 is no limit. */
function readLimits(section: Section, defaults: ScrapeLimits): ScrapeLimits {
  const limit = (key: string, otherwise: number): number => section.count(key, otherwise) || Infinity;
  return {
    bodyBytes: section.size('body_size_limit', defaults.bodyBytes),
    samples: limit('sample_limit', defaults.samples),
    targets: limit('target_limit', defaults.targets),
    labels: limit('label_limit', defaults.labels),
    labelNameLength: limit('label_name_length_limit', defaults.labelNameLength),
    labelValueLength: limit('label_value_length_limit', defaults.labelValueLength),
  };
}

function readProtocols(section: Section): readonly ScrapeProtocol[] | undefined {
  if (!section.has('scrape_protocols')) return undefined;
  const names = section.texts('scrape_protocols');
  const unknown = names.find((name) => !Object.hasOwn(scrapeProtocols, name));
  if (unknown !== undefined) section.error(`scrape_protocols knows ${Object.keys(scrapeProtocols).join(', ')}`);
  return names as readonly ScrapeProtocol[];
}

function readJob(section: Section, global: Defaults, folder: string | undefined): ScrapeJob {
  const name = section.text('job_name');
  if (name === '') section.error('job_name is missing');
  const intervalMs = section.duration('scrape_interval', global.intervalMs) || global.intervalMs;
  const timeoutMs = section.duration('scrape_timeout', Math.min(global.timeoutMs, intervalMs)) || global.timeoutMs;
  if (timeoutMs > intervalMs) section.error('scrape_timeout is longer than scrape_interval');
  const nativeHistograms = section.flag('scrape_native_histograms', global.nativeHistograms);
  const fallback = section.has('fallback_scrape_protocol')
    ? section.choice(
        'fallback_scrape_protocol',
        Object.keys(scrapeProtocols) as ScrapeProtocol[],
        'PrometheusText0.0.4',
      )
    : undefined;
  const given = readProtocols(section) ?? global.protocols;
  // The older name of the key.
  const classic = section.flag('scrape_classic_histograms', global.classicHistograms);
  for (const key of ['metric_name_validation_scheme', 'metric_name_escaping_scheme', 'scrape_failure_log_file'])
    section.raw(key);
  for (const key of ['keep_dropped_targets', 'extra_scrape_metrics']) section.raw(key);
  const job: ScrapeJob = {
    name,
    intervalMs,
    timeoutMs,
    scheme: section.choice('scheme', ['http', 'https'], 'http'),
    metricsPath: section.text('metrics_path', '/metrics'),
    params: readParams(section.section('params')),
    honorLabels: section.flag('honor_labels', false),
    honorTimestamps: section.flag('honor_timestamps', true),
    trackTimestampsStaleness: section.flag('track_timestamps_staleness', false),
    protocols: given ?? (nativeHistograms ? nativeScrapeProtocols : defaultScrapeProtocols),
    fallbackProtocol: fallback,
    nativeHistograms,
    classicHistograms: section.flag('always_scrape_classic_histograms', classic),
    compression: section.flag('enable_compression', true),
    limits: readLimits(section, global.limits),
    http: readHttpClientConfig(section, folder),
    discoveries: readDiscoveries(section, folder),
    relabelRules: readRelabelRules(section, 'relabel_configs'),
    metricRelabelRules: readRelabelRules(section, 'metric_relabel_configs'),
    externalLabels: global.externalLabels,
  };
  for (const key of section.keys) {
    if (!key.endsWith('_sd_configs') || knownDiscoveries.includes(key)) continue;
    section.raw(key);
    section.warn(
      `${key} is not supported: its targets are not found (static, file, HTTP, DNS and Kubernetes discovery are)`,
    );
  }
  section.finish();
  return job;
}

function readParams(section: Section): ScrapeJob['params'] {
  return new Map(section.keys.map((key) => [key, section.texts(key)]));
}

function readDiscoveries(section: Section, folder: string | undefined): readonly Discovery[] {
  const groups = section.sections('static_configs').map((one, n): TargetGroup => {
    const targets = one.texts('targets').map((address) => new Map([['__address__', address]]));
    const labels = one.mapping('labels');
    one.finish();
    return { source: String(n), targets, labels };
  });
  const files = section.sections('file_sd_configs').map((one): Discovery => {
    if (folder === undefined)
      one.error("files lie on the server's disk, which only a configuration there may read: use http_sd_configs");
    const patterns = one.texts('files').map((pattern) => path.resolve(folder ?? '/', pattern));
    if (patterns.some((pattern) => !/\.(?:json|ya?ml)$/.test(pattern)))
      one.error('files must end in .json, .yml or .yaml');
    if (patterns.some((pattern) => pattern.slice(0, pattern.lastIndexOf('/')).includes('*')))
      one.error('files may have a * in their last part only');
    const refreshMs = one.duration('refresh_interval', 300_000);
    one.finish();
    return { kind: 'file', patterns, refreshMs };
  });
  const addresses = section.sections('http_sd_configs').map((one): Discovery => {
    const url = one.text('url');
    if (!/^https?:\/\//.test(url)) one.error('url must begin with http:// or https://');
    const discovery: Discovery = {
      kind: 'http',
      url,
      refreshMs: one.duration('refresh_interval', 60_000),
      http: readHttpClientConfig(one, folder),
    };
    one.finish();
    return discovery;
  });
  const names = section.sections('dns_sd_configs').map((one): Discovery => {
    const type = one.text('type', 'SRV').toUpperCase();
    const known = (['SRV', 'A', 'AAAA', 'MX', 'NS'] as const).find((kind) => kind === type);
    if (!known) one.error('type must be one of SRV, A, AAAA, MX, NS');
    const discovery: Discovery = {
      kind: 'dns',
      names: one.texts('names'),
      type: known ?? 'SRV',
      port: one.count('port', 0),
      refreshMs: one.duration('refresh_interval', 30_000),
    };
    if (discovery.type !== 'SRV' && discovery.port === 0) one.error(`type ${type} needs a port`);
    one.finish();
    return discovery;
  });
  const clusters = section.sections('kubernetes_sd_configs').map((one) => readKubernetesDiscovery(one, folder));
  return [
    ...(groups.length > 0 ? [{ kind: 'static', groups } as const] : []),
    ...files,
    ...addresses,
    ...names,
    ...clusters,
  ];
}
