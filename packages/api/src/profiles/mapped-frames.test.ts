import type { FrameFate } from '@sightline/ingest/source-maps';
import { expect, test } from 'vitest';
import { mappedFrames } from './mapped-frames.ts';
import type { SampledFrame } from './read-samples.ts';

const frame = (over: Partial<SampledFrame>): SampledFrame => ({
  function: 'a',
  path: 'https://shop/app.js',
  file: 'https://shop/app.js',
  module: '',
  line: 1,
  column: 9,
  inApp: true,
  debugId: 'AAAA-BBBB',
  ...over,
});

const original = (name: string): FrameFate => ({
  kind: 'original',
  note: '',
  place: { file: 'src/pay.ts', function: name, line: 42, column: 3, inApp: true, code: undefined },
});

test('the program’s own frames get the names of the source; all others stay as they are', async () => {
  const asked: unknown[] = [];
  const fates: FrameFate[] = [original('payBasket'), original(''), { kind: 'unresolved', reason: 'no map' }];
  const maps = {
    resolve: async (origin: unknown, frames: readonly unknown[]) => {
      asked.push(origin, ...frames);
      return fates;
    },
  };
  const frames = [
    frame({}),
    frame({ function: 'library', inApp: false }),
    frame({ function: 'b' }),
    frame({ function: 'c' }),
    frame({ function: 'native', line: null }),
  ];
  const read = await mappedFrames(frames, maps, { organisation: 'acme', release: 'shop@1' });
  expect(asked.slice(0, 2)).toEqual([
    { organisation: 'acme', release: 'shop@1', dist: '' },
    { file: 'https://shop/app.js', function: 'a', line: 1, column: 9, debugId: 'aaaabbbb' },
  ]);
  expect(asked).toHaveLength(4);
  expect(read.map(({ function: name, file, line, minified }) => [name, file, line, minified])).toEqual([
    ['payBasket', 'src/pay.ts', 42, 'a'],
    ['library', 'https://shop/app.js', 1, ''],
    ['b', 'src/pay.ts', 42, 'b'],
    ['c', 'https://shop/app.js', 1, ''],
    ['native', 'https://shop/app.js', null, ''],
  ]);
});
