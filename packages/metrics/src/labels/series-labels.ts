import { sortedPairs } from '../series/family.ts';
import { scrubLabel } from './scrub.ts';

/** Bounds of one series' labels; longer texts are cut, a series with more labels is refused (protocols refuse it at the door). */
export const labelLimits = { labels: 256, nameLength: 1024, valueLength: 4096 } as const;

/** What a key says of whoever sends without saying so himself. */
export interface LabelDefaults {
  readonly site: string;
  readonly service: string;
}

/** A series as it is kept. */
export interface SeriesLabels {
  readonly metric: string;
  /** Name and value in turn, sorted by name, without `__name__`. */
  readonly pairs: readonly string[];
  readonly site: string;
  readonly service: string;
}

const siteNames: ReadonlySet<string> = new Set(['store', 'store_id', 'site_id', 'store_name', 'site_name']);

/**
 * Applies the rules for labels once, when a series is made: values scrubbed, the site added where the client named none and
 * something tells it (a label such as `store`, or the key). Nothing is added where nothing is known. Undefined when there is no
 * metric name or too many labels.
 */
export function seriesLabels(received: readonly string[], defaults: LabelDefaults): SeriesLabels | undefined {
  if (received.length > 2 * labelLimits.labels) return undefined;
  const pairs: string[] = [];
  const seen = new Set<string>();
  let [metric, site, likeSite, service, serviceName, job] = ['', '', '', '', '', ''];
  for (let i = 0; i < received.length; i += 2) {
    const name = (received[i] as string).slice(0, labelLimits.nameLength);
    const value = scrubLabel(name, (received[i + 1] as string).slice(0, labelLimits.valueLength));
    if (value === '' || name === '' || seen.has(name)) continue;
    seen.add(name);
    if (name === '__name__') metric = value;
    else pairs.push(name, value);
    if (name === 'site') site = value;
    else if (siteNames.has(name)) likeSite ||= value;
    else if (name === 'service') service = value;
    else if (name === 'service_name') serviceName = value;
    else if (name === 'job') job = value;
  }
  if (metric === '') return undefined;
  if (site === '') {
    site = likeSite || defaults.site;
    if (site !== '') pairs.push('site', site);
  }
  return { metric, pairs: sortedPairs(pairs), site, service: service || serviceName || job || defaults.service };
}
