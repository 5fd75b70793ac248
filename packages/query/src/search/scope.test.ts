import { describe, expect, test } from 'vitest';
import { growingWindows, scopeCondition } from './scope.ts';

const minuteNs = 60_000_000_000n;

describe('growing windows', () => {
  test.each(['newest', 'oldest'] as const)('%s first: they cover the range without gap or overlap', (order) => {
    for (const minutes of [0n, 1n, 15n, 16n, 60n, 361n, 1440n, 100_000n]) {
      const range = { fromNs: 7n * minuteNs, toNs: (7n + minutes) * minuteNs };
      const windows = [...growingWindows(range, order)];
      const inOrder = order === 'oldest' ? windows : windows.toReversed();
      expect(windows.length).toBeLessThanOrEqual(5);
      if (minutes === 0n) expect(windows).toEqual([]);
      else {
        expect(inOrder[0]?.fromNs).toBe(range.fromNs);
        expect(inOrder.at(-1)?.toNs).toBe(range.toNs);
        for (let i = 1; i < inOrder.length; i++) expect(inOrder[i]?.fromNs).toBe(inOrder[i - 1]?.toNs);
      }
    }
  });
});

test('organisation first, then time, then only the dimensions asked for', () => {
  const scope = { organisation: 'o', fromMs: 1, toMs: 2, environment: '', site: 's', service: '' };
  expect(scopeCondition(scope)).toEqual({
    sql: 'organisation = {organisation:String} AND toStartOfMinute(ts) >= toStartOfMinute(fromUnixTimestamp64Nano({fromNs:Int64})) AND toStartOfMinute(ts) <= toStartOfMinute(fromUnixTimestamp64Nano({toNs:Int64})) AND ts >= fromUnixTimestamp64Nano({fromNs:Int64}) AND ts < fromUnixTimestamp64Nano({toNs:Int64}) AND site = {site:String}',
    parameters: { organisation: 'o', fromNs: 1_000_000n, toNs: 2_000_000n, site: 's' },
  });
});

test('moments beyond what the tables hold are drawn in', () => {
  expect(
    scopeCondition({ organisation: 'o', fromMs: -5, toMs: 8.64e15, environment: '', site: '', service: '' }).parameters,
  ).toMatchObject({
    fromNs: 0n,
    toNs: 4_294_944_000_000_000_000n,
  });
});
