import { describe, expect, it } from 'vitest';
import { isTimeZone, zoneOffsetMs } from './time-zone.ts';

const hourMs = 3_600_000;

describe('zoneOffsetMs', () => {
  it.each([
    ['UTC', '2026-07-01T00:00:00Z', 0],
    ['America/New_York', '2026-01-15T12:00:00.999Z', -5 * hourMs],
    ['America/New_York', '2026-07-15T12:00:00.001Z', -4 * hourMs],
    ['America/New_York', '2026-03-08T06:59:59Z', -5 * hourMs],
    ['America/New_York', '2026-03-08T07:00:00Z', -4 * hourMs],
    ['Asia/Kathmandu', '2026-01-01T00:00:00Z', 5.75 * hourMs],
    ['Europe/Berlin', '1969-12-31T23:59:59.500Z', hourMs],
    ['Pacific/Apia', '2026-01-01T00:00:00Z', 13 * hourMs],
    ['UTC', '0050-06-01T00:00:00Z', 0],
    ['UTC', '-000010-06-01T00:00:00Z', 0],
  ])('%s at %s', (zone, at, expected) => {
    expect(zoneOffsetMs(zone, Date.parse(at))).toBe(expected);
  });

  it.each([
    ['Mars/Olympus', 0],
    ['', 0],
    ['UTC', Number.NaN],
    ['UTC', 9e15],
  ])('does not know %j at %d', (zone, atMs) => {
    expect(zoneOffsetMs(zone, atMs)).toBeUndefined();
  });
});

describe('isTimeZone', () => {
  it.each([
    ['America/Chicago', true],
    ['UTC', true],
    ['', false],
    ['Nowhere/Else', false],
  ])('%j: %s', (zone, known) => {
    expect(isTimeZone(zone)).toBe(known);
  });
});
