import { randomBytes } from 'node:crypto';
import { jsonLeaves, ownScrub } from '@sightline/ingest';
import type { ScrubRules } from '@sightline/record';
import type { TelemetryReader } from '@sightline/store/port';

export interface TriedField {
  readonly record: number;
  readonly field: string;
  readonly before: string;
  readonly after: string;
  readonly found: { rule: string; count: number }[];
}

const fieldsAtMost = 2000;
const marker = /<((?:rule|removed):[a-z0-9-]+|user|email|ip|pan|password|secret|token)(?::[a-p]{16})?>/g;

/**
 * What rules would do to a text, by the functions that load records. A text that is JSON as a whole is one record, else each
 * line is one, JSON or plain. Throws `StoreError`.
 */
export async function tryRules(
  reader: TelemetryReader,
  rules: ScrubRules,
  text: string,
  signal?: AbortSignal,
): Promise<{ fields: TriedField[]; records: number; cut: boolean }> {
  const whole = textsOf(text.trim());
  const records =
    whole.length > 1 || whole[0]?.field !== 'body'
      ? [whole]
      : text
          .split(/\r?\n/)
          .filter((line) => line.trim() !== '')
          .map(textsOf);
  const all = records.flatMap((texts, record) => texts.map((one) => ({ record, ...one })));
  const tried = all.slice(0, fieldsAtMost);
  const own = ownScrub(rules, randomBytes(16).toString('hex'));
  const [row] = await reader.query<{ texts: string[] }>(
    `WITH ${own.functions} SELECT own_texts({fields:Array(String)}, {texts:Array(String)}) AS texts`,
    { ...own.parameters, fields: tried.map(({ field }) => field), texts: tried.map((one) => one.text) },
    { timeoutMs: 10_000, threads: 1, ...(signal ? { signal } : {}) },
  );
  const fields = tried.map(({ record, field, text: before }, i) => {
    const after = row?.texts[i] ?? '';
    return { record, field, before, after, found: foundIn(before, after) };
  });
  return { fields, records: records.length, cut: all.length > tried.length };
}

function textsOf(line: string): { field: string; text: string }[] {
  if (/^[{[]/.test(line)) {
    try {
      JSON.parse(line);
      const { fields, texts } = jsonLeaves(line);
      return fields.map((field, i) => ({ field, text: texts[i] ?? '' }));
    } catch {
      // Plain text that begins with a bracket.
    }
  }
  return [{ field: 'body', text: line.toWellFormed().replaceAll('\0', ' ') }];
}

/** Markers that are in a text now and were not before, by the rule they name. */
function foundIn(before: string, after: string): { rule: string; count: number }[] {
  const counts = new Map<string, number>();
  const count = (text: string, by: number): void => {
    for (const [, name = ''] of text.matchAll(marker)) {
      const rule = name.replace(/^(?:rule|removed):/, '');
      counts.set(rule, (counts.get(rule) ?? 0) + by);
    }
  };
  count(after, 1);
  count(before, -1);
  return [...counts].filter(([, n]) => n > 0).map(([rule, n]) => ({ rule, count: n }));
}
