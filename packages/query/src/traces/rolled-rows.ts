import type { ParameterValue } from '@sightline/store/port';
import { scopeCondition, type Condition, type ReadScope } from '../search/scope.ts';
import { bucketSql } from './duration-buckets.ts';

/** What the views keep of spans, and the columns that reads may use beside `minute`, `bucket`, `calls`, `errors` and `duration_ns`. */
const tables = {
  operations: { hours: 'operation_hours', columns: 'service, name, kind, entry, environment' },
  calls: {
    hours: 'call_hours',
    columns:
      'call, peer, statement, action, service, environment, input_tokens, output_tokens, priced_input, priced_output, cost_usd',
  },
  edges: { hours: 'edge_hours', columns: 'caller, callee, message, peer, environment, lag_ns' },
} as const;
const sums = 'bucket, calls, errors, duration_ns';

/** Tokens of a span, as the view `spans_to_calls` counts them. */
const tokens = (now: string, before: string): string =>
  `if(call = 'ai', toUInt64OrZero(if(attrs['gen_ai.usage.${now}'] != '', attrs['gen_ai.usage.${now}'], attrs['gen_ai.usage.${before}'])), 0)`;

/** The same rows made of the spans themselves: the views know no sites. */
const raw: Readonly<Record<'operations' | 'calls', string>> = {
  operations: `service, name, kind, toUInt8(kind IN (2, 5) OR parent_id = toFixedString('', 8)) AS entry, environment`,
  calls: `call, peer, statement, action, service, environment, ${tokens('input_tokens', 'prompt_tokens')} AS input_tokens,
    ${tokens('output_tokens', 'completion_tokens')} AS output_tokens, if(attrs['gen_ai.usage.cost'] = '', input_tokens, 0) AS priced_input,
    if(attrs['gen_ai.usage.cost'] = '', output_tokens, 0) AS priced_output, toFloat64OrZero(attrs['gen_ai.usage.cost']) AS cost_usd`,
};

const hourS = 3600;
const lastS = 4_294_944_000;

/** The whole minutes that a scope touches, seconds since the epoch. */
export function minutesOf(scope: ReadScope): {
  readonly fromS: number;
  readonly toS: number;
  readonly minutes: number;
} {
  const fromS = Math.min(lastS, Math.floor(scope.fromMs / 60_000) * 60);
  const toS = Math.min(lastS, Math.ceil(scope.toMs / 60_000) * 60);
  return { fromS, toS, minutes: Math.max(0, (toS - fromS) / 60) };
}

/**
 * A subquery in parentheses with the rows of the range: whole hours from the hours' table and the rest by minutes, or all by
 * minutes where `grain` asks for them. Where the scope names a site the spans themselves are read. Dimensions of the scope are applied;
 * for `edges` only the environment is.
 */
export function rolledRows(
  table: 'operations' | 'calls' | 'edges',
  scope: ReadScope,
  grain: 'minute' | 'any' = 'any',
): Condition {
  if (table !== 'edges' && (scope.site !== '' || (scope.boundTo ?? '') !== '')) return rawRows(table, scope);
  const { fromS, toS } = minutesOf(scope);
  const { hours, columns } = tables[table];
  const parameters: Record<string, ParameterValue> = { organisation: scope.organisation, fromS, toS };
  const conditions = ['organisation = {organisation:String}'];
  for (const name of table === 'edges' ? (['environment'] as const) : (['environment', 'service'] as const)) {
    if (scope[name] === '') continue;
    parameters[name] = scope[name];
    conditions.push(`${name} = {${name}:String}`);
  }
  const select = (from: string, range: string): string =>
    `SELECT minute, ${columns}, ${sums} FROM ${from} PREWHERE ${[...conditions, range].join(' AND ')}`;
  const firstHour = Math.ceil(fromS / hourS) * hourS;
  const lastHour = Math.floor(toS / hourS) * hourS;
  if (grain === 'minute' || lastHour - firstHour < hourS) {
    const range = 'minute >= toDateTime({fromS:UInt32}) AND minute < toDateTime({toS:UInt32})';
    return { sql: `(${select(table, range)})`, parameters };
  }
  parameters['firstHour'] = firstHour;
  parameters['lastHour'] = lastHour;
  const whole = select(hours, 'minute >= toDateTime({firstHour:UInt32}) AND minute < toDateTime({lastHour:UInt32})');
  const rest = select(
    table,
    `((minute >= toDateTime({fromS:UInt32}) AND minute < toDateTime({firstHour:UInt32}))
      OR (minute >= toDateTime({lastHour:UInt32}) AND minute < toDateTime({toS:UInt32})))`,
  );
  return { sql: `(${whole} UNION ALL ${rest})`, parameters };
}

function rawRows(table: 'operations' | 'calls', scope: ReadScope): Condition {
  const { fromS, toS } = minutesOf(scope);
  const condition = scopeCondition({ ...scope, fromMs: fromS * 1000, toMs: toS * 1000 });
  const only = table === 'calls' ? " AND call != ''" : '';
  const sql = `(SELECT toStartOfMinute(ts) AS minute, ${raw[table]}, ${bucketSql} AS bucket, toUInt64(1) AS calls, toUInt64(status_code = 2) AS errors, duration_ns
    FROM spans PREWHERE ${condition.sql}${only})`;
  return { sql, parameters: condition.parameters };
}
