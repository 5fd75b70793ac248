import { ok, type Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { compileLog } from '../logql/condition-sql.ts';
import type { LogExpression } from '../logql/ast.ts';
import type { IndexScope } from '../logql/index-reads.ts';
import { niceStepMs } from '../logs/log-histogram.ts';
import type { SearchError } from '../search/ast.ts';
import { scopeCondition, type ReadScope } from '../search/scope.ts';
import { compileSearch } from '../search/search.ts';
import { minePatterns, type MinedPatterns } from './mine-patterns.ts';

/** Patterns of what a search matches. Throws `StoreError`. */
export async function logPatterns(
  reader: TelemetryReader,
  input: ReadScope & { readonly q: string; readonly limit: number },
  limits: QueryLimits = {},
): Promise<Result<MinedPatterns, SearchError>> {
  const search = compileSearch('logs', input.q);
  if (!search.ok) return search;
  const scope = scopeCondition(input);
  const { fromMs, toMs, limit } = input;
  const stepMs = niceStepMs(Math.max(1, toMs - fromMs), 60);
  const sql = `${scope.sql} AND ${search.value.sql}`;
  const parameters = { ...scope.parameters, ...search.value.parameters };
  return ok(await minePatterns(reader, { sql, parameters, fromMs, toMs, stepMs, limit }, limits));
}

/** Patterns of what a stream selector with line and label filters matches. Throws `StoreError`. */
export async function logqlPatterns(
  reader: TelemetryReader,
  { organisation, site, range }: IndexScope,
  query: LogExpression,
  given: { readonly stepMs: number; readonly limit: number },
  limits: QueryLimits = {},
): Promise<MinedPatterns> {
  const compiled = compileLog(query);
  const scope = scopeCondition({ organisation, site, fromMs: 0, toMs: 0, environment: '', service: '' }, range);
  const [fromMs, toMs] = [Number(range.fromNs / 1_000_000n), Number(range.toNs / 1_000_000n)];
  const sql = `${scope.sql} AND ${compiled.sql}`;
  const parameters = { ...scope.parameters, ...compiled.parameters };
  return minePatterns(reader, { sql, parameters, fromMs, toMs, ...given }, limits);
}
