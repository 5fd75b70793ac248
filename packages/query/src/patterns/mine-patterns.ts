import { severityName, type SeverityName } from '@sightline/record';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import { hotTable, type LogTable } from '../logs/log-table.ts';
import { placeholder, maskParameters, maskSql } from './mask.ts';
import { TemplateTree } from './template-tree.ts';

export interface Pattern {
  /** The line with `<_>` for what differs. */
  readonly template: string;
  readonly count: number;
  /** Of all lines that match, 0 to 1. */
  readonly share: number;
  /** Lines by bucket of the range. */
  readonly trend: readonly number[];
  /** Milliseconds, within the range. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** A line of it. */
  readonly example: string;
  /** The most severe of its lines. */
  readonly severity: SeverityName | '';
  /** Texts that stand in each of its lines, the longest first. */
  readonly phrases: readonly string[];
}

export interface MinedPatterns {
  readonly patterns: readonly Pattern[];
  /** Lines that match in the range. */
  readonly total: number;
  /** Lines that were looked at; counts are scaled where it is fewer than all. */
  readonly sampled: number;
  /** Lines that found no place among the patterns. */
  readonly other: number;
  readonly stepMs: number;
}

export interface PatternRange {
  /** A condition on `logs`, organisation and range among it, with its values. */
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  /** Patterns of the answer. */
  readonly limit: number;
}

const mostSampled = 1_000_000;
export const mostForms = 20_000;
export const longestLine = 1000;

interface Form {
  readonly form: string;
  readonly counts: readonly string[];
  readonly records: string;
  readonly first: string;
  readonly last: string;
  readonly example: string;
  readonly sev: number;
}

/**
 * Templates of what matches, the most frequent first. The engine masks and counts the lines (all of them, or an even sample of a
 * million); a tree makes templates of the forms that remain. Throws `StoreError`.
 */
export async function minePatterns(
  reader: TelemetryReader,
  { sql, parameters, fromMs, toMs, stepMs, limit }: PatternRange,
  limits: QueryLimits = {},
  table: LogTable = hotTable,
): Promise<MinedPatterns> {
  const values = { ...parameters, ...table.parameters };
  const [counted] = await reader.query<{ total: string }>(
    `SELECT toString(count()) AS total ${table.from(sql)}`,
    values,
    { timeoutMs: 10_000, threads: 2, ...limits },
  );
  const total = Number(counted?.total ?? 0);
  const every = Math.max(1, Math.ceil(total / mostSampled));
  const buckets = Math.min(500, Math.max(1, Math.ceil((toMs - fromMs) / stepMs)));
  // Bucket counts are numbers of ours, not the client's: the aggregate takes literals alone.
  const rows = await reader.query<Form>(
    `SELECT form, countResample(0, ${buckets}, 1)(bucket) AS counts, toString(count()) AS records, toString(toUnixTimestamp64Milli(min(at))) AS first,
       toString(toUnixTimestamp64Milli(max(at))) AS last, any(line) AS example, max(level) AS sev
     FROM (SELECT ${maskSql('line')} AS form, line, at, level, bucket FROM
       (SELECT substringUTF8(body, 1, ${longestLine}) AS line, ts AS at, if(severity > 24, 0, severity) AS level,
          toUInt32(greatest(0, intDiv(toUnixTimestamp64Milli(ts) - {minedFromMs:Int64}, {minedStepMs:Int64}))) AS bucket
        ${table.from(`${sql}${every > 1 ? ' AND cityHash64(ts) % {minedEvery:UInt32} = 0' : ''}`)}))
     GROUP BY form ORDER BY count() DESC LIMIT ${mostForms}`,
    { ...values, ...maskParameters, minedFromMs: Math.trunc(fromMs), minedStepMs: stepMs, minedEvery: every },
    { timeoutMs: 20_000, threads: 2, resultRows: mostForms, ...limits },
  );
  const tree = new TemplateTree<Form>();
  let placed = 0;
  for (const row of rows) if (row.form.trim() !== '' && tree.add(row.form, row)) placed += Number(row.records);
  tree.merge();
  const sampled = every === 1 ? total : rows.reduce((sum, row) => sum + Number(row.records), 0);
  const scale = every === 1 || sampled === 0 ? 1 : total / sampled;
  const patterns = tree.groups.map(({ tokens, items }): Pattern => {
    const template = templateText(tokens);
    const trend = Array.from({ length: buckets }, (_, bucket) =>
      Math.round(scale * items.reduce((sum, { counts }) => sum + Number(counts[bucket] ?? 0), 0)),
    );
    const records = items.reduce((sum, item) => sum + Number(item.records), 0);
    return {
      template,
      count: Math.round(records * scale),
      share: sampled === 0 ? 0 : records / sampled,
      trend,
      firstSeen: Math.min(...items.map(({ first }) => Number(first))),
      lastSeen: Math.max(...items.map(({ last }) => Number(last))),
      example: items[0]?.example ?? '',
      severity: severityName(Math.max(...items.map(({ sev }) => sev))),
      phrases: phrasesOf(template),
    };
  });
  const shown = patterns.sort((a, b) => b.count - a.count).slice(0, limit);
  const other = Math.max(0, Math.round((sampled - placed) * scale));
  return { patterns: shown, total, sampled, other, stepMs };
}

/** A template as people read it: neighbouring variables are one. */
export const templateText = (tokens: readonly string[]): string =>
  tokens
    .join(' ')
    .replaceAll(/(?:<_>\s?){2,}(?=<_>|\s|$)/g, `${placeholder} `)
    .trim();

/** Runs of whole words between placeholders, which a search for phrases finds, the longest first, at most four. */
export function phrasesOf(template: string): string[] {
  return template
    .split(placeholder)
    .flatMap((part, index, parts) => {
      // A word that touches a placeholder may go on in the line.
      let text = part;
      if (index > 0) text = text.replace(/^[^\s]+/, (run) => run.replace(/^[\w\u0080-\uffff]+/, ''));
      if (index < parts.length - 1) text = text.replace(/[^\s]+$/, (run) => run.replace(/[\w\u0080-\uffff]+$/, ''));
      return [text.replace(/^[^\w\u0080-\uffff]+|[^\w\u0080-\uffff]+$/g, '')];
    })
    .filter((text) => text.length >= 2)
    .toSorted((a, b) => b.length - a.length)
    .slice(0, 4);
}
