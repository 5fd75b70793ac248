import { describe, expect, it } from 'vitest';
import { brushByKey, brushEnds, bucketAt, type Brush } from './brush.ts';

describe('brushByKey', () => {
  it.each<[string, Brush | undefined, string, boolean, unknown]>([
    ['starts at the newest', undefined, 'ArrowLeft', false, { kind: 'move', brush: { anchor: 9, head: 9 } }],
    ['moves', { anchor: 5, head: 5 }, 'ArrowRight', false, { kind: 'move', brush: { anchor: 6, head: 6 } }],
    ['widens', { anchor: 5, head: 5 }, 'ArrowLeft', true, { kind: 'move', brush: { anchor: 5, head: 4 } }],
    ['stays inside', { anchor: 0, head: 0 }, 'PageUp', false, { kind: 'move', brush: { anchor: 0, head: 0 } }],
    ['goes to the end', { anchor: 2, head: 3 }, 'End', true, { kind: 'move', brush: { anchor: 2, head: 9 } }],
    ['takes', { anchor: 2, head: 3 }, 'Enter', false, { kind: 'apply', brush: { anchor: 2, head: 3 } }],
    ['takes nothing', undefined, 'Enter', false, undefined],
    ['lets go', { anchor: 2, head: 3 }, 'Escape', false, { kind: 'clear' }],
    ['leaves Escape to others', undefined, 'Escape', false, undefined],
    ['leaves other keys alone', undefined, 'j', false, undefined],
  ])('%s', (_name, brush, key, shift, effect) => expect(brushByKey(brush, key, shift, 10)).toEqual(effect));
  it('has nothing to choose without buckets', () => expect(brushByKey(undefined, 'Home', false, 0)).toBeUndefined());
});

it.each([
  [0, 100, 10, 0],
  [99.9, 100, 10, 9],
  [100, 100, 10, 9],
  [-5, 100, 10, 0],
  [5, 0, 10, 0],
])('%d of %d px with %d buckets is bucket %d', (x, width, length, bucket) =>
  expect(bucketAt(x, width, length)).toBe(bucket),
);

it('orders the ends', () => expect(brushEnds({ anchor: 5, head: 2 })).toEqual([2, 5]));
