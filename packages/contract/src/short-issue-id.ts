const prefix = 'SIGHTLINE-';
const shownDigits = 8;

/** An issue's id as people write it in a commit message: `SIGHTLINE-3F2A91BC` for the issue `3f2a91bc…`. */
export const shortIssueId = (issue: string): string => `${prefix}${issue.slice(0, shownDigits).toUpperCase()}`;

/** The leading digits, in lower case, of the issue that a short id names; undefined for what is none. */
export const shortIssueDigits = (text: string): string | undefined =>
  /^SIGHTLINE-([0-9A-F]{8,16})$/i.exec(text)?.[1]?.toLowerCase();

/** Issues that a commit message says it fixes, as the leading digits of their ids in lower case, each once, at most 20. */
export function fixedIssues(message: string): string[] {
  const found = message.matchAll(
    /\b(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?):?\s+((?:SIGHTLINE-[0-9A-F]{8,16}\b(?:\s*(?:,|and|&)\s*)?)+)/gi,
  );
  const ids = [...found].flatMap(([, list = '']) => [...list.matchAll(/SIGHTLINE-([0-9A-F]{8,16})/gi)]);
  return [...new Set(ids.map(([, digits = '']) => digits.toLowerCase()))].slice(0, 20);
}
