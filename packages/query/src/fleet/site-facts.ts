import { ask } from '../metrics/ask.ts';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { isTimeZone } from '@sightline/base';

/** What a site says about itself in its resource attributes (`site.name`, `site.city`, …); '' and null where it does not. */
export interface SiteFacts {
  readonly site: string;
  readonly name: string;
  readonly address: string;
  readonly city: string;
  readonly region: string;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly timeZone: string;
}

const newestMs = 10 * 60_000;

/**
 * The newest facts of some sites (at most 1,000 of them) from logs and spans of the last ten minutes. Values that cannot be true (a latitude of
 * 1000, a time zone nobody knows) count as unsaid.
 */
export async function readSiteFacts(
  reader: TelemetryReader,
  asked: { organisation: string; sites: readonly string[]; nowMs: number },
  limits: QueryLimits = {},
): Promise<SiteFacts[]> {
  const from = (table: string): string => `SELECT toString(site) AS site, argMax(res, ts) AS res, max(ts) AS heard
    FROM ${table} WHERE organisation = {organisation:String} AND ts >= fromUnixTimestamp64Milli({fromMs:Int64})
      AND ts <= fromUnixTimestamp64Milli({toMs:Int64}) AND has({sites:Array(String)}, toString(site))
      AND arrayExists(k -> startsWith(k, 'site.') AND k != 'site.id', mapKeys(res)) GROUP BY site`;
  const rows = await ask<{ site: string; attributes: Record<string, string> }>(
    reader,
    `SELECT site, mapFilter((k, v) -> startsWith(k, 'site.'), argMax(res, heard)) AS attributes
    FROM (${from('spans')} UNION ALL ${from('logs')}) GROUP BY site`,
    {
      organisation: asked.organisation,
      sites: asked.sites.slice(0, 1000),
      fromMs: asked.nowMs - newestMs,
      toMs: asked.nowMs,
    },
    { threads: 1, ...limits },
  );
  return rows.map(({ site, attributes }) => siteFacts(site, attributes));
}

/** Reads the facts out of resource attributes. */
export function siteFacts(site: string, attributes: Readonly<Record<string, string>>): SiteFacts {
  // PostgreSQL holds neither NUL nor half a character, and no place has control characters in its name.
  const text = (key: string, length: number): string =>
    // oxlint-disable-next-line no-control-regex
    (attributes[key] ?? '')
      .replaceAll(/[\u0000-\u001f\u007f]+/g, ' ')
      .trim()
      .slice(0, length)
      .toWellFormed();
  const zone = text('site.time_zone', 60);
  return {
    site,
    name: text('site.name', 200),
    address: text('site.address', 300),
    city: text('site.city', 100),
    region: text('site.region', 100),
    latitude: degrees(attributes['site.latitude'], 90),
    longitude: degrees(attributes['site.longitude'], 180),
    timeZone: isTimeZone(zone) ? zone : '',
  };
}

function degrees(text: string | undefined, limit: number): number | null {
  if (text === undefined || text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) && Math.abs(value) <= limit ? value : null;
}
