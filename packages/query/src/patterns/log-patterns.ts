import { ok, type Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { compileLog } from '../logql/condition-sql.ts';
import type { LogExpression } from '../logql/ast.ts';
import type { IndexScope } from '../logql/index-reads.ts';
import type { LogReach } from '../logs/log-reach.ts';
import { withTable, type FromArchive, type TooMuchArchive } from '../logs/log-table.ts';
import { niceStepMs } from '../logs/log-histogram.ts';
import type { SearchError } from '../search/ast.ts';
import { scanCondition, windowOf, type ReadScope } from '../search/scope.ts';
import { compileSearch } from '../search/search.ts';
import { minePatterns, phrasesOf, type MinedPatterns } from './mine-patterns.ts';
import { readPatternValues, type PatternValues } from './pattern-values.ts';

/** Patterns, and what the archive gave; or nothing, where it would have to give more than a call may read. */
export type FoundPatterns = (MinedPatterns & { readonly archive: FromArchive }) | { readonly tooMuch: TooMuchArchive };

export type FoundValues = (PatternValues & { readonly archive: FromArchive }) | { readonly tooMuch: TooMuchArchive };

const minedOf = (
  found: { readonly value: MinedPatterns; readonly archive: FromArchive } | { readonly tooMuch: TooMuchArchive },
): FoundPatterns => ('tooMuch' in found ? found : { ...found.value, archive: found.archive });

/** Patterns of what a search matches. Throws `StoreError`. */
export async function logPatterns(
  reader: TelemetryReader,
  input: ReadScope & { readonly q: string; readonly limit: number },
  limits: QueryLimits = {},
): Promise<Result<FoundPatterns, SearchError>> {
  const search = compileSearch('logs', input.q);
  if (!search.ok) return search;
  const scope = scanCondition(input);
  const { fromMs, toMs, limit } = input;
  const stepMs = niceStepMs(Math.max(1, toMs - fromMs), 60);
  const sql = `${scope.sql} AND ${search.value.sql}`;
  const parameters = { ...scope.parameters, ...search.value.parameters };
  const range = { sql, parameters, fromMs, toMs, stepMs, limit };
  const own = { ...limits, ...input.reach?.limits };
  return ok(minedOf(await withTable(windowOf(input), input.reach, (table) => minePatterns(reader, range, own, table))));
}

/** What stands in the variables of one pattern of what a search matches. Throws `StoreError`. */
export async function logPatternValues(
  reader: TelemetryReader,
  input: ReadScope & { readonly q: string; readonly template: string },
  limits: QueryLimits = {},
): Promise<Result<FoundValues, SearchError>> {
  const search = compileSearch('logs', input.q);
  if (!search.ok) return search;
  // Its own words lead to its lines.
  const words = phrasesOf(input.template).map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`);
  const own = compileSearch('logs', words.join(' '), 'p');
  if (!own.ok) return own;
  const scope = scanCondition(input);
  const condition = {
    sql: `${scope.sql} AND ${search.value.sql} AND ${own.value.sql}`,
    parameters: { ...scope.parameters, ...search.value.parameters, ...own.value.parameters },
  };
  const within = { ...limits, ...input.reach?.limits };
  const found = await withTable(windowOf(input), input.reach, (table) =>
    readPatternValues(reader, input.template, condition, within, table),
  );
  return ok('tooMuch' in found ? found : { ...found.value, archive: found.archive });
}

/** Patterns of what a stream selector with line and label filters matches. Throws `StoreError`. */
export async function logqlPatterns(
  reader: TelemetryReader,
  { organisation, site, range }: IndexScope,
  query: LogExpression,
  given: { readonly stepMs: number; readonly limit: number; readonly reach?: LogReach | undefined },
  limits: QueryLimits = {},
): Promise<FoundPatterns> {
  const compiled = compileLog(query);
  const scope = scanCondition({ organisation, site, fromMs: 0, toMs: 0, environment: '', service: '' }, range);
  const [fromMs, toMs] = [Number(range.fromNs / 1_000_000n), Number(range.toNs / 1_000_000n)];
  const sql = `${scope.sql} AND ${compiled.sql}`;
  const parameters = { ...scope.parameters, ...compiled.parameters };
  const { reach, ...shape } = given;
  const own = { ...limits, ...reach?.limits };
  return minedOf(
    await withTable(range, reach, (table) =>
      minePatterns(reader, { sql, parameters, fromMs, toMs, ...shape }, own, table),
    ),
  );
}
