import type { MergedColumn } from './merged-issues.ts';

/** Sixteen hexadecimal digits, as the contract writes an issue. */
export const issueHex = (column: string): string => `leftPad(lower(hex(${column})), 16, '0')`;

/** Aggregates of `issues`, one row an issue under the name `id`. The title is the newest event's; of merged issues that of the one they belong to. */
export function issueColumns(merged: MergedColumn): string {
  const told = (column: string): string =>
    merged.sql === 'issue'
      ? `argMax(${column}, last_seen) AS ${column}`
      : `argMax(${column}, (toUInt8(issue = ${merged.sql}), last_seen)) AS ${column}`;
  return `${merged.sql} AS id, ${['type', 'message', 'culprit', 'platform', 'service'].map(told).join(', ')},
  toUInt8(max(severity)) AS severity, toFloat64(toUnixTimestamp64Milli(min(first_seen))) AS firstSeenAt,
  toFloat64(toUnixTimestamp64Milli(max(last_seen))) AS lastSeenAt, argMinMerge(first_release) AS firstRelease,
  argMaxMerge(last_release) AS lastRelease, toFloat64(sum(events)) AS eventsTotal, toFloat64(uniqMerge(users)) AS users,
  toFloat64(uniqMerge(sites)) AS sites, sum(amount) AS amount`;
}
