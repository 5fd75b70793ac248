import type { ParameterValue } from '@sightline/store/port';

/** Issues that people declared to be part of another: the merged one to the one it belongs to. Never a chain. */
export type MergedIssues = ReadonlyMap<string, string>;

export const issueNumber = (issue: string): bigint => BigInt(`0x${issue}`);

/** How a column of issues is read as the issues that people see. */
export interface MergedColumn {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

export function mergedColumn(merged: MergedIssues, column = 'issue'): MergedColumn {
  if (merged.size === 0) return { sql: column, parameters: {} };
  return {
    sql: `transform(${column}, {mergedFrom:Array(UInt64)}, {mergedInto:Array(UInt64)}, ${column})`,
    parameters: {
      mergedFrom: [...merged.keys()].map(issueNumber),
      mergedInto: [...merged.values()].map(issueNumber),
    },
  };
}

/** An issue and what was merged into it. */
export function membersOf(issue: string, merged: MergedIssues): string[] {
  return [issue, ...[...merged].flatMap(([from, into]) => (into === issue ? [from] : []))];
}
