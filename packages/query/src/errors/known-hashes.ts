import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { issueHex } from './issue-columns.ts';

/**
 * Hashes of errors that belong to an issue of another number, or were made by a way of grouping before `version`; those seen
 * last first, sixteen hexadecimal digits each.
 */
export function knownIssueHashes(
  reader: TelemetryReader,
  of: { readonly organisation: string; readonly version: number; readonly limit: number },
  limits: QueryLimits = {},
): Promise<{ hash: string; issue: string }[]> {
  return ask(
    reader,
    // An issue that has its own hash stands in no list of hashes: the events that made it tell its version.
    `SELECT ${issueHex('h')} AS hash, ${issueHex('i')} AS issue FROM (
      SELECT h, argMax(known, (known != h, at)) AS i, max(at) AS seen FROM (
        SELECT hash AS h, issue AS known, seen_at AS at FROM issue_hashes WHERE organisation = {organisation:String}
        UNION ALL
        SELECT grouping_hash AS h, any(issue) AS known, toDateTime(max(ts)) AS at FROM errors
        WHERE organisation = {organisation:String} AND grouping_version < {version:UInt8} AND grouping_hash = issue
        GROUP BY h)
      GROUP BY h ORDER BY seen DESC LIMIT {limit:UInt32})`,
    { organisation: of.organisation, version: of.version, limit: of.limit },
    limits,
  );
}
