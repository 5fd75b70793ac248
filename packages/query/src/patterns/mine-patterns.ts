import { severityName, type SeverityName } from '@sightline/record';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import { hotTable, type LogTable } from '../logs/log-table.ts';
import type { Condition } from '../search/scope.ts';
import { evenStretches } from './even-sample.ts';
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
  /** Of more lines than this a sample of about as many is looked at. Default 1,000,000. */
  readonly sampleLines?: number;
}

const usualSample = 1_000_000;
/** A sample by stretches counts only when it has as many lines as wanted, up to this factor: lines that come in bursts do not spread over stretches. */
const unevenBy = 2;
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
 * million: stretches spread over the range, or where lines come in bursts one line in so many); a tree makes templates of the forms that
 * remain. Throws `StoreError`.
 */
export async function minePatterns(
  reader: TelemetryReader,
  range: PatternRange,
  limits: QueryLimits = {},
  table: LogTable = hotTable,
): Promise<MinedPatterns> {
  const { stepMs, limit } = range;
  const [counted] = await reader.query<{ total: string }>(
    `SELECT toString(count()) AS total ${table.from(range.sql)}`,
    { ...range.parameters, ...table.parameters },
    { timeoutMs: 10_000, threads: 2, ...limits },
  );
  const total = Number(counted?.total ?? 0);
  const every = Math.max(1, Math.ceil(total / (range.sampleLines ?? usualSample)));
  const buckets = Math.min(500, Math.max(1, Math.ceil((range.toMs - range.fromMs) / stepMs)));
  const rows = await readForms(reader, range, { total, every, buckets }, limits, table);
  const tree = new TemplateTree<Form>();
  let placed = 0;
  for (const row of rows) if (row.form.trim() !== '' && tree.add(row.form, row)) placed += Number(row.records);
  tree.merge();
  const sampled = every === 1 ? total : linesOf(rows);
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

interface Sample {
  readonly total: number;
  /** One line in so many. */
  readonly every: number;
  readonly buckets: number;
}

const linesOf = (rows: readonly Form[]): number => rows.reduce((sum, { records }) => sum + Number(records), 0);

/** Masked lines with what they stand for, of all lines or of a sample, the most frequent first. */
async function readForms(
  reader: TelemetryReader,
  range: PatternRange,
  { total, every, buckets }: Sample,
  limits: QueryLimits,
  table: LogTable,
): Promise<readonly Form[]> {
  const { sql, fromMs, toMs, stepMs } = range;
  const parameters = { ...range.parameters, ...table.parameters, ...maskParameters };
  const most = Math.ceil((unevenBy * total) / every);
  const read = (sample: Condition): Promise<Form[]> =>
    // Bucket counts are numbers of ours, not the client's: the aggregate takes literals alone.
    reader.query<Form>(
      `SELECT form, countResample(0, ${buckets}, 1)(bucket) AS counts, toString(count()) AS records, toString(toUnixTimestamp64Milli(min(at))) AS first,
         toString(toUnixTimestamp64Milli(max(at))) AS last, any(line) AS example, max(level) AS sev
       FROM (SELECT ${maskSql('line')} AS form, line, at, level, bucket FROM
         (SELECT substringUTF8(body, 1, ${longestLine}) AS line, ts AS at, if(severity > 24, 0, severity) AS level,
            toUInt32(greatest(0, intDiv(toUnixTimestamp64Milli(ts) - {minedFromMs:Int64}, {minedStepMs:Int64}))) AS bucket
          ${table.from(sample.sql === '1' ? sql : `${sql} AND ${sample.sql}`)}${every > 1 ? ' LIMIT {minedMost:UInt64}' : ''}))
       GROUP BY form ORDER BY count() DESC LIMIT ${mostForms}`,
      { ...parameters, ...sample.parameters, minedFromMs: Math.trunc(fromMs), minedStepMs: stepMs, minedMost: most },
      { timeoutMs: 20_000, threads: 2, resultRows: mostForms, ...limits },
    );
  if (every === 1) return read({ sql: '1', parameters: {} });
  const spread = evenStretches({ fromMs, toMs }, every);
  if (spread) {
    const rows = await read(spread);
    const lines = linesOf(rows);
    if (lines < most && lines * unevenBy * every > total) return rows;
  }
  return read({ sql: 'cityHash64(ts) % {minedEvery:UInt32} = 0', parameters: { minedEvery: every } });
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
