import { describe, expect, test } from 'vitest';
import { FaultBoard, faults } from './faults.ts';
import { tradeShare } from './pace.ts';
import { Random } from './random.ts';
import { makeStores } from './stores.ts';

describe('stores', () => {
  const stores = makeStores(100);
  test('a hundred stores with their own codes, in Florida', () => {
    expect(new Set(stores.map((store) => store.code)).size).toBe(100);
    expect(stores[46]?.code).toBe('STORE_047');
    for (const store of stores) {
      expect(store.latitude).toBeGreaterThan(24);
      expect(store.latitude).toBeLessThan(31.1);
      expect(store.longitude).toBeGreaterThan(-88);
      expect(store.longitude).toBeLessThan(-79.8);
      expect(store.terminals.length).toBeGreaterThanOrEqual(2);
    }
  });
  test('the same stores at each start', () => expect(makeStores(100)).toEqual(stores));
});

describe('faults', () => {
  const codes = makeStores(100).map((store) => store.code);
  test.each(faults.map((fault) => fault.name))(
    '%s strikes some stores and not all, and can be switched off',
    (name) => {
      const board = new FaultBoard(codes);
      board.switch(name, true, [], 0);
      const struck = codes.filter((code) => board.strikes(name, code));
      expect(struck.length).toBeGreaterThan(0);
      expect(struck.length).toBeLessThan(100);
      board.switch(name, false, [], 1);
      expect(codes.some((code) => board.strikes(name, code))).toBe(false);
    },
  );
  test('named stores alone are struck', () => {
    const board = new FaultBoard(codes);
    board.switch('payment-outage', true, ['STORE_002'], 1000);
    expect(board.strikes('payment-outage', 'STORE_002')).toBe(true);
    expect(board.strikes('payment-outage', 'STORE_001')).toBe(false);
    expect(board.heldMs('payment-outage', 'STORE_002', 4000)).toBe(3000);
  });
  test('an unknown fault is refused', () => expect(new FaultBoard(codes).switch('rain', true, [], 0)).toBe(false));
});

test('trade follows the local day', () => {
  const evening = Date.parse('2026-03-10T23:30:00Z');
  expect(tradeShare(evening, 'America/New_York')).toBeGreaterThan(
    tradeShare(Date.parse('2026-03-10T08:30:00Z'), 'America/New_York'),
  );
  expect(tradeShare(Date.parse('2026-03-11T00:30:00Z'), 'America/Chicago')).toBe(
    tradeShare(evening, 'America/New_York'),
  );
});

test('latencies are long-tailed around their median', () => {
  const random = new Random(1);
  const drawn = Array.from({ length: 2001 }, () => random.latencyMs(100)).sort((a, b) => a - b);
  expect(drawn[1000]).toBeGreaterThan(90);
  expect(drawn[1000]).toBeLessThan(112);
  expect(drawn[1990]).toBeGreaterThan(220);
});
