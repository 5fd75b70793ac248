import { expect, test } from 'vitest';
import { hasWeek, windowOf } from './use-frames.ts';

const minute = 60_000;
const scope = { environment: '', site: '', service: '' };
const place = { x: 0, y: 0, w: 4, h: 4 };
const to = Date.parse('2026-11-30T20:29:40Z');
const day = { ...scope, from: to - 24 * 60 * minute, to };

test.each(['stat', 'gauge', 'bar', 'toplist', 'table'] as const)('a %s of a day is at most a minute old', (type) => {
  const { from, to: until, stepMs } = windowOf({ type, place }, day);
  expect(new Date(until).toISOString()).toBe('2026-11-30T20:29:00.000Z');
  expect(stepMs).toBeGreaterThan(minute);
  expect((until - from) % stepMs).toBe(0);
  expect(until - from).toBe(24 * 60 * minute);
});

test('lines over time stand on whole steps, so that the next one is asked for when there is more', () => {
  const { from, to: until, stepMs } = windowOf({ type: 'timeseries', place }, day);
  expect([from % stepMs, until % stepMs]).toEqual([0, 0]);
  const later = windowOf({ type: 'timeseries', place }, { ...day, from: day.from + 1000, to: day.to + 1000 });
  expect(later).toEqual({ from, to: until, stepMs });
});

test('a range below a step is one step', () => {
  const { from, to: until, stepMs } = windowOf({ type: 'stat', place }, { ...scope, from: to - 1, to });
  expect(until - from).toBe(stepMs);
});

test('last week is offered where a panel has one', () => {
  const promql = { kind: 'promql', ref: 'A', hidden: false } as never;
  const read = { kind: 'read', ref: 'A', hidden: false } as never;
  expect(
    hasWeek([
      { type: 'table', queries: [read] },
      { type: 'text', queries: [] },
    ]),
  ).toBe(false);
  expect(
    hasWeek([
      { type: 'table', queries: [read] },
      { type: 'stat', queries: [promql] },
    ]),
  ).toBe(true);
});
