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
    // An issue that has its own hash stands in no list of hashes. Those that began before the last event of an earlier version are
    // taken: a few too many do no harm, and only the events since that one are read, of them the version alone.
    `SELECT ${issueHex('h')} AS hash, ${issueHex('i')} AS issue FROM (
      SELECT h, argMax(known, (known != h, at)) AS i, max(at) AS seen FROM (
        SELECT hash AS h, issue AS known, seen_at AS at FROM issue_hashes WHERE organisation = {organisation:String}
        UNION ALL
        SELECT issue AS h, issue AS known, toDateTime(max(last_seen)) AS at FROM issues
        WHERE organisation = {organisation:String} GROUP BY issue
        HAVING min(first_seen) <= (
          SELECT ts FROM errors WHERE organisation = {organisation:String} AND grouping_version < {version:UInt8}
          ORDER BY toStartOfMinute(ts) DESC, ts DESC LIMIT 1))
      GROUP BY h ORDER BY seen DESC LIMIT {limit:UInt32})`,
    { organisation: of.organisation, version: of.version, limit: of.limit },
    limits,
  );
}
