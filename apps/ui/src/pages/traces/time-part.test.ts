import { describe, expect, it } from 'vitest';
import { partByKey, readPart, within, writePart } from './time-part.ts';

const longNs = 8_000_000;

describe('a part of a trace', () => {
  it.each([
    ['2000000-4000000', { fromNs: 2_000_000, toNs: 4_000_000 }],
    ['0-8000000', undefined],
    ['0-99999999', undefined],
    ['6000000-99999999', { fromNs: 6_000_000, toNs: longNs }],
    ['9000000-9900000', undefined],
    ['4000000-2000000', undefined],
    ['', undefined],
    ['a-b', undefined],
    ['-1-5', undefined],
  ])('%s in an address', (text, part) => {
    expect(readPart(text, longNs)).toEqual(part);
    if (part) expect(readPart(writePart(part), longNs)).toEqual(part);
  });

  it('is never shorter than a microsecond, and is all where there is nothing to zoom into', () => {
    expect(within({ fromNs: 10, toNs: 20 }, longNs)).toBeUndefined();
    expect(within({ fromNs: 0, toNs: 0 }, 0)).toBeUndefined();
    expect(writePart(undefined)).toBe('');
  });

  it.each([
    ['+', undefined, [2e6, 6e6]],
    ['+', [2e6, 6e6], [3e6, 5e6]],
    ['=', undefined, [2e6, 6e6]],
    ['-', [2e6, 6e6], undefined],
    ['-', [0, 2e6], [0, 4e6]],
    ['-', [6e6, 8e6], [4e6, 8e6]],
    ['ArrowRight', [2e6, 6e6], [3e6, 7e6]],
    ['ArrowRight', [4e6, 8e6], [4e6, 8e6]],
    ['ArrowLeft', [1e5, 4_100_000], [0, 4e6]],
    ['Home', [2e6, 6e6], [0, 4e6]],
    ['End', [2e6, 6e6], [4e6, 8e6]],
    ['0', [2e6, 6e6], undefined],
  ] as [string, [number, number] | undefined, [number, number] | undefined][])(
    '%s on %j is %j',
    (key, before, after) => {
      const of = (pair: [number, number] | undefined) => pair && { fromNs: pair[0], toNs: pair[1] };
      expect(partByKey(key, of(before), longNs)).toEqual({ part: of(after) });
    },
  );

  it('other keys mean nothing, and + ends where there is nothing closer', () => {
    expect(partByKey('x', undefined, longNs)).toBeUndefined();
    const close = { fromNs: 1000, toNs: 2500 };
    expect(partByKey('+', close, longNs)).toEqual({ part: close });
  });
});
