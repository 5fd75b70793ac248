import type { Condition } from '../search/scope.ts';
import { seriesAskedAt } from './ast.ts';
import { ConditionSql } from './condition-sql.ts';
import { parseTraceql } from './parse.ts';

/**
 * The spans whose tags are asked for, as SQL on `spans`: of one spanset (`{ span.foo = "bar" && status = error }`). Somebody may still be typing: of a
 * conjunction that cannot be read the parts count that can. Undefined where nothing restricts the spans, as Tempo has it: no query, more than
 * one spanset, or no readable part. Conditions on other spans of a trace let every span pass.
 */
export function tagFilter(query: string): Condition | undefined {
  const inner = /^\s*\{(.*?)\}?\s*$/s.exec(query)?.[1];
  if (inner === undefined) return undefined;
  const whole = conditionOf(inner);
  if (whole) return whole;
  if (inner.includes('||')) return undefined;
  const readable = inner.split('&&').filter((part) => part.trim() !== '' && conditionOf(part));
  return readable.length === 0 ? undefined : conditionOf(readable.join(' && '));
}

function conditionOf(inner: string): Condition | undefined {
  const parsed = parseTraceql(`{${inner}}`);
  if (!parsed.ok || seriesAskedAt(parsed.value) !== undefined) return undefined;
  const [stage, ...more] = parsed.value.pipeline.stages;
  if (more.length > 0 || stage?.kind !== 'spanset' || stage.spanset.kind !== 'filter' || !stage.spanset.condition)
    return undefined;
  const compiler = new ConditionSql();
  const { sql } = compiler.condition(stage.spanset.condition);
  return sql === '1' ? undefined : { sql, parameters: compiler.parameters };
}
