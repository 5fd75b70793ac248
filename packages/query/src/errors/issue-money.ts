import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import type { Condition } from '../search/scope.ts';
import { issueHex } from './issue-columns.ts';
import { issueNumber, membersOf, mergedColumn, type MergedIssues } from './merged-issues.ts';

/** What failed sales were worth, in one currency. */
export interface IssueMoney {
  /** Three capital letters; '' where the client named none. */
  readonly currency: string;
  /** In the currency's own unit. */
  readonly amount: number;
  /** Orders, each counted once however often it failed; events without an order's id are counted one by one. */
  readonly orders: number;
}

export interface MoneyOfIssues {
  readonly byIssue: ReadonlyMap<string, IssueMoney[]>;
  /** True where a part of the orders stands for all. */
  readonly about: boolean;
}

/** So many orders are told apart at once, in some 100 MB; of more, every n-th is. */
const ordersAtMost = 1_000_000;

/**
 * One in so many orders of some events is to be read: 1 where all can be. Counts events with money, which are at least as many as
 * orders. Throws `StoreError`.
 */
export async function readOrderStep(
  reader: TelemetryReader,
  events: Condition,
  limits: QueryLimits = {},
  most = ordersAtMost,
): Promise<number> {
  const [row] = await ask<{ n: number }>(
    reader,
    `SELECT toFloat64(count()) AS n FROM errors WHERE amount > 0 AND ${events.sql}`,
    events.parameters,
    limits,
  );
  return Math.max(1, Math.ceil((row?.n ?? 0) / most));
}

/**
 * Rows of (id, currency, amount, orders) for `events`, as SQL with the bound parameter `orderStep`. An order is one however often it
 * failed: its newest amount counts. Which orders are read hangs on their ids alone, so that an order is read whole or not.
 */
export const moneyRows = (
  events: string,
  id: string,
): string => `SELECT id, currency, round(sum(paid) * {orderStep:UInt32}, 3) AS amount, toFloat64(count() * {orderStep:UInt32}) AS orders
  FROM (SELECT ${id} AS id, if(order_id = '', event_id, order_id) AS sale, argMax(amount, ts) AS paid,
      max(if(match(tags['currency'], '^[A-Za-z]{3}$'), upper(tags['currency']), '')) AS currency
    FROM errors WHERE amount > 0 AND ${events} AND cityHash64(sale) % {orderStep:UInt32} = 0 GROUP BY id, sale)
  GROUP BY id, currency`;

/** What some events of these issues were worth, the greatest currency first, at most ten currencies an issue. Throws `StoreError`. */
export async function readMoney(
  reader: TelemetryReader,
  asked: {
    readonly issues: readonly string[];
    readonly merged: MergedIssues;
    readonly events: Condition;
    /** For tests: so many orders at most. */
    readonly most?: number;
  },
  limits: QueryLimits = {},
): Promise<MoneyOfIssues> {
  if (asked.issues.length === 0) return { byIssue: new Map(), about: false };
  const members = asked.issues.flatMap((issue) => membersOf(issue, asked.merged));
  const column = mergedColumn(asked.merged);
  const events: Condition = {
    sql: `issue IN {moneyOf:Array(UInt64)} AND ${asked.events.sql}`,
    parameters: { ...asked.events.parameters, ...column.parameters, moneyOf: members.map(issueNumber) },
  };
  const orderStep = await readOrderStep(reader, events, limits, asked.most);
  const rows = await ask<IssueMoney & { issue: string }>(
    reader,
    `SELECT ${issueHex('id')} AS issue, currency, amount, orders FROM (${moneyRows(events.sql, column.sql)})
    ORDER BY amount DESC, currency LIMIT 10 BY id`,
    { ...events.parameters, orderStep },
    limits,
  );
  const byIssue = Map.groupBy(rows, ({ issue }) => issue);
  return {
    byIssue: new Map(
      [...byIssue].map(([issue, found]) => [
        issue,
        found.map(({ currency, amount, orders }) => ({ currency, amount, orders })),
      ]),
    ),
    about: orderStep > 1,
  };
}
