import type { ReceivedSeries } from '@sightline/record';
import { expect, test } from 'vitest';
import { atOrigin } from './at-origin.ts';

const series: ReceivedSeries = {
  labels: ['__name__', 'x', 'site', 'OTHER', 'job', 'j'],
  type: 'counter',
  unit: '',
  help: '',
  delta: false,
  times: [100_000, 110_000],
  values: [1, 2],
  startTimes: [90_000, 0],
  exemplars: [{ labels: [], value: 1, atMs: 100_500 }],
};
const scope = { organisation: 'o', keyId: '', site: 'MINE', device: '', service: '', environment: '' };
const origin = { agent: 'a', lane: 'metrics-scraped', segment: 's', index: 0, keptAtMs: 0, skewMs: 10_000 };

test("a site's series are its own, by our clock", () =>
  expect(atOrigin([series], { scope, origin })).toEqual([
    {
      ...series,
      labels: ['site', 'MINE', '__name__', 'x', 'job', 'j'],
      times: [90_000, 100_000],
      startTimes: [80_000, 0],
      exemplars: [{ labels: [], value: 1, atMs: 90_500 }],
    },
  ]));
test('others stay as they are', () => expect(atOrigin([series], { scope })).toEqual([series]));
