import { fail } from '@sightline/base';
import type { Exposed, LabelMemo } from './exposed.ts';
import { parseOpenMetrics } from './open-metrics.ts';
import { parseProtobuf, type ProtobufOptions } from './protobuf.ts';
import { parseText } from './text.ts';

/** Formats by their names in `scrape_protocols` (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config). */
export const scrapeProtocols = {
  PrometheusProto: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0;escaping=allow-utf-8',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8',
} as const;
export type ScrapeProtocol = keyof typeof scrapeProtocols;

export const defaultScrapeProtocols: readonly ScrapeProtocol[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
];
/** Native histograms travel as protobuf only. */
export const nativeScrapeProtocols: readonly ScrapeProtocol[] = ['PrometheusProto', ...defaultScrapeProtocols];

/** The `Accept` header: the first is wanted most. */
export function acceptHeader(protocols: readonly ScrapeProtocol[]): string {
  const most = Object.keys(scrapeProtocols).length + 1;
  const wanted = protocols.map((protocol, n) => `${scrapeProtocols[protocol]};q=0.${most - n}`);
  return [...wanted, `*/*;q=0.${most - protocols.length}`].join(',');
}

/**
 * Reads a target's answer by its content type. A type that is none of ours is read as `fallback`, and refused where there is none, as with
 * Prometheus 3.
 */
export function parseExposition(
  body: Buffer,
  contentType: string,
  options: ProtobufOptions & { readonly fallback: ScrapeProtocol | undefined; readonly memo: LabelMemo },
): Exposed {
  const format = formatOf(contentType) ?? (options.fallback && formatOf(scrapeProtocols[options.fallback]));
  if (format === 'protobuf') return parseProtobuf(body, options);
  if (format === 'open-metrics') return parseOpenMetrics(body.toString('utf8'), options.memo);
  if (format === 'text') return parseText(body.toString('utf8'), options.memo);
  return fail(
    contentType === ''
      ? 'the answer names no Content-Type; set fallback_scrape_protocol to read it all the same'
      : `the Content-Type "${contentType.slice(0, 100)}" is no format of metrics; set fallback_scrape_protocol to read it all the same`,
  );
}

function formatOf(contentType: string): 'protobuf' | 'open-metrics' | 'text' | undefined {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (type === 'text/plain') return 'text';
  if (type === 'application/openmetrics-text') return 'open-metrics';
  if (type !== 'application/vnd.google.protobuf') return undefined;
  return /proto=["']?io\.prometheus\.client\.MetricFamily/i.test(contentType) ? 'protobuf' : undefined;
}
