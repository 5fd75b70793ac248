import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { issueHex } from './issue-columns.ts';

/**
 * Hashes of errors that belong to an issue of another number, or were made by an earlier way of grouping; those seen last
 * first, sixteen hexadecimal digits each.
 */
export function knownIssueHashes(
  reader: TelemetryReader,
  of: { readonly organisation: string; readonly limit: number },
  limits: QueryLimits = {},
): Promise<{ hash: string; issue: string }[]> {
  return ask(
    reader,
    `SELECT ${issueHex('h')} AS hash, ${issueHex('i')} AS issue FROM (
      SELECT hash AS h, argMax(issue, seen_at) AS i, max(seen_at) AS seen FROM issue_hashes
      WHERE organisation = {organisation:String} GROUP BY h ORDER BY seen DESC LIMIT {limit:UInt32})`,
    { organisation: of.organisation, limit: of.limit },
    limits,
  );
}
