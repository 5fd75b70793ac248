import { expect, test } from 'vitest';
import { nearAndFar, scopeCondition } from './scope.ts';

const minuteNs = 60_000_000_000n;

test.each(['newest', 'oldest'] as const)('near and far cover the range without gap or overlap, %s first', (order) => {
  for (const minutes of [0n, 1n, 15n, 16n, 1440n, 100_000n]) {
    const range = { fromNs: 7n * minuteNs, toNs: (7n + minutes) * minuteNs };
    const { near, far } = nearAndFar(range, order);
    const [early, late] = order === 'oldest' ? [near, far] : [far, near];
    const whole = [early, late].filter(({ fromNs, toNs }) => fromNs < toNs);
    expect(whole.length).toBe(minutes === 0n ? 0 : minutes <= 15n ? 1 : 2);
    if (minutes === 0n) continue;
    expect(whole[0]?.fromNs).toBe(range.fromNs);
    expect(whole.at(-1)?.toNs).toBe(range.toNs);
    if (whole.length === 2) expect(whole[0]?.toNs).toBe(whole[1]?.fromNs);
    expect(near.toNs - near.fromNs).toBe(minutes < 15n ? minutes * minuteNs : 15n * minuteNs);
  }
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
