import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { niceStepMs } from '../logs/log-histogram.ts';
import type { ReadScope } from '../search/scope.ts';
import { costUsd, type TokenPrice } from './ai-prices.ts';
import { minutesOf, rolledRows } from './rolled-rows.ts';
import {
  figureColumns,
  figureOrders,
  figuresOf,
  type FigureColumns,
  type FigureOrder,
  type SpanFigures,
} from './span-figures.ts';

/** AI calls of one provider, model and operation. */
export interface AiSummary extends SpanFigures {
  readonly system: string;
  readonly model: string;
  readonly operation: string;
  readonly services: string[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Null where tokens have no price. */
  readonly costUsd: number | null;
}

export interface AiPoint {
  readonly at: number;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** What is known of it. */
  readonly costUsd: number;
}

interface TokenColumns {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly pricedInput: number;
  readonly pricedOutput: number;
  readonly told: number;
}

const tokenColumns = `toFloat64(sum(r.input_tokens)) AS inputTokens, toFloat64(sum(r.output_tokens)) AS outputTokens, toFloat64(sum(r.priced_input)) AS pricedInput,
  toFloat64(sum(r.priced_output)) AS pricedOutput, sum(r.cost_usd) AS told`;

const mostRows = 500;
const tokenOrder = 'sum(r.input_tokens + r.output_tokens)';

/** `tokens`: those with the most first; `cost`: the dearest first, of the rows with the most tokens. */
export interface AiCallsAsked extends ReadScope {
  readonly sort: FigureOrder | 'tokens' | 'cost';
}
const pointsWanted = 60;

/**
 * AI calls by OpenTelemetry's GenAI conventions, with tokens and cost, at most 500 rows (`cut`: there were more); `prices` go before the
 * bundled ones. Throws `StoreError`.
 */
export async function listAiCalls(
  reader: TelemetryReader,
  scope: AiCallsAsked,
  prices: Readonly<Record<string, TokenPrice>> = {},
  limits: QueryLimits = {},
): Promise<{ rows: AiSummary[]; cut: boolean; stepMs: number; points: AiPoint[] }> {
  const { fromS, toS, minutes } = minutesOf(scope);
  const stepMs = Math.max(60_000, niceStepMs((toS - fromS) * 1000, pointsWanted));
  if (minutes === 0) return { rows: [], cut: false, stepMs, points: [] };
  const order = scope.sort === 'tokens' || scope.sort === 'cost' ? tokenOrder : figureOrders[scope.sort];
  const all = rolledRows('calls', scope);
  const fine = rolledRows('calls', scope, stepMs % 3_600_000 === 0 ? 'any' : 'minute');
  const [groups, steps] = await Promise.all([
    reader.query<
      FigureColumns & TokenColumns & { peer: string; statement: string; action: string; services: string[] }
    >(
      `SELECT r.peer AS peer, r.statement AS statement, r.action AS action, arraySort(groupUniqArray(20)(toString(r.service))) AS services, ${tokenColumns}, ${figureColumns}
       FROM ${all.sql} AS r WHERE r.call = 'ai' GROUP BY r.peer, r.statement, r.action ORDER BY ${order} DESC, peer, statement LIMIT {most:UInt32}`,
      { ...all.parameters, most: mostRows + 1 },
      limits,
    ),
    reader.query<TokenColumns & { step: string; statement: string; total: string }>(
      `SELECT toString(intDiv(toInt64(toUnixTimestamp(r.minute)) * 1000, {stepMs:Int64})) AS step, r.statement AS statement, toString(sum(r.calls)) AS total, ${tokenColumns}
       FROM ${fine.sql} AS r WHERE r.call = 'ai' GROUP BY step, r.statement`,
      { ...fine.parameters, stepMs },
      limits,
    ),
  ]);
  const priced = (row: TokenColumns & { statement: string }): number | undefined => {
    const rest = costUsd(row.statement, row.pricedInput, row.pricedOutput, prices);
    return rest === undefined ? undefined : rest + row.told;
  };
  const points: AiPoint[] = [];
  for (let step = Math.floor((fromS * 1000) / stepMs); step * stepMs < toS * 1000; step++) {
    const here = steps.filter((row) => row.step === String(step));
    const sum = (of: (row: (typeof here)[number]) => number): number => here.reduce((total, row) => total + of(row), 0);
    points.push({
      at: step * stepMs,
      calls: sum((row) => Number(row.total)),
      inputTokens: sum((row) => row.inputTokens),
      outputTokens: sum((row) => row.outputTokens),
      costUsd: sum((row) => priced(row) ?? row.told),
    });
  }
  const rows = groups.slice(0, mostRows).map((row): AiSummary => ({
    system: row.peer,
    model: row.statement,
    operation: row.action,
    services: row.services,
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
    costUsd: priced(row) ?? null,
    ...figuresOf(row, minutes),
  }));
  return {
    rows: scope.sort === 'cost' ? rows.toSorted((a, b) => (b.costUsd ?? -1) - (a.costUsd ?? -1)) : rows,
    cut: groups.length > mostRows,
    stepMs,
    points,
  };
}
