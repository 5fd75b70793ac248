import { RolledColumns, rollUp, widen } from '@sightline/query/promql';
import { describe, expect, test } from 'vitest';
import { encodeChunk } from '../chunk/chunk.ts';
import { appendRolled, encodeRolled, isRolled } from './rolled-chunk.ts';

const minute = 60_000;
const start = 1_795_219_200_000;

const stale = new Float64Array(new Uint32Array([2, 0x7ff00000]).buffer);

function columns(value: (i: number) => number, starts = false) {
  const count = 5760;
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    if (i % 1000 === 999) values.set(stale, i);
    else values[i] = value(i);
  }
  return {
    count,
    times: Float64Array.from({ length: count }, (_, i) => start + i * 15_000 + (i % 3)),
    values,
    ...(starts ? { startTimes: new Float64Array(count).fill(start - 77) } : {}),
  };
}

const given = {
  'a counter': columns((i) => i * 10),
  'a counter with resets': columns((i) => (i % 777) * 3, true),
  'a gauge': columns((i) => Math.sin(i / 100)),
  'what never changes': columns(() => 0),
  'no numbers': columns((i) => (i % 2 === 0 ? Number.NaN : Infinity)),
};

/** All that the buckets say. */
function shown(rolled: RolledColumns) {
  const { count, ...named } = rolled;
  return Object.entries(named).map(([name, column]) => [name, [...(column as Float64Array).subarray(0, count)]]);
}

describe.each(Object.entries(given))('%s', (_, samples) => {
  test.each([5 * minute, 60 * minute])('comes back from bytes as it was, buckets of %d ms', (resolutionMs) => {
    const fine = new RolledColumns();
    rollUp(samples, 5 * minute, fine);
    const rolled = new RolledColumns();
    widen(fine, resolutionMs, rolled);
    const bytes = encodeRolled(rolled);
    expect(isRolled(bytes)).toBe(true);
    const back = new RolledColumns();
    expect(appendRolled(bytes, back)).toBeUndefined();
    expect(shown(back)).toEqual(shown(rolled));
    // Two parts that meet within a bucket become one.
    const first = new RolledColumns();
    const rest = new RolledColumns();
    const at = 2000;
    rollUp({ ...samples, count: at }, resolutionMs, first);
    const { times, values, startTimes } = samples;
    rollUp(
      {
        count: samples.count - at,
        times: times.slice(at),
        values: values.slice(at),
        startTimes: startTimes?.slice(at),
      },
      resolutionMs,
      rest,
    );
    const joined = new RolledColumns();
    expect(appendRolled(encodeRolled(first), joined)).toBeUndefined();
    expect(appendRolled(encodeRolled(rest), joined)).toBeUndefined();
    // Sums are rounded otherwise.
    const exact = (all: RolledColumns) => shown(all).filter(([name]) => name !== 'sums' && name !== 'resets');
    expect(exact(joined)).toEqual(exact(rolled));
  });
});

test('damaged bytes are told and change nothing', () => {
  const rolled = new RolledColumns();
  rollUp(given['a gauge'], 5 * minute, rolled);
  const bytes = encodeRolled(rolled);
  const into = new RolledColumns();
  for (let length = 0; length < bytes.length; length += 7) {
    expect(appendRolled(bytes.subarray(0, length), into)).toMatch(/damaged/);
    expect(into.count).toBe(0);
  }
  expect(appendRolled(Uint8Array.from([...bytes, 0]), into)).toMatch(/left over/);
  expect(appendRolled(encodeChunk(given['a gauge']), into)).toMatch(/not known/);
  expect(into.count).toBe(0);
});

test('a day of buckets is small', () => {
  const sizes = (samples: (typeof given)['a gauge']): number[] => {
    const fine = new RolledColumns();
    rollUp(samples, 5 * minute, fine);
    const coarse = new RolledColumns();
    widen(fine, 60 * minute, coarse);
    return [encodeChunk(samples), encodeRolled(fine), encodeRolled(coarse)].map(({ length }) => length);
  };
  const [raw = 0, fine = 0, coarse = 0] = sizes(given['a gauge']);
  expect(fine * 3).toBeLessThan(raw);
  expect(coarse * 30).toBeLessThan(raw);
  expect(Math.max(...sizes(given['a counter']))).toBeLessThan(2500);
});
