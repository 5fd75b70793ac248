import { describe, expect, it } from 'vitest';
import { linesOf, priceText, readLines } from './price-draft.ts';

const line = (model: string, inputUsd: number | string = 1, outputUsd: number | string = 2, key = 0) => ({
  key,
  model,
  inputUsd,
  outputUsd,
});

describe('lines of prices', () => {
  it('are those that are kept, and one for the model that was asked for', () => {
    const own = { 'b-large': { inputUsd: 3, outputUsd: 4 }, a: { inputUsd: 1, outputUsd: 2 } };
    expect(linesOf(own, '').map(({ model }) => model)).toEqual(['a', 'b-large']);
    expect(linesOf(own, 'Store-Helper')).toHaveLength(3);
    expect(linesOf(own, 'Store-Helper').at(-1)).toEqual(line('store-helper', '', '', 2));
    expect(linesOf(own, 'B-large-2026')).toHaveLength(2);
  });

  it.each([
    [0.6, '$0.60'],
    [10, '$10.00'],
    [0.075, '$0.075'],
    [1200, '$1,200.00'],
  ])('%s is written %s', (usd, text) => expect(priceText(usd)).toBe(text));

  it('become prices by names in small letters', () => {
    expect(readLines([line(' GPT-X ', '0.5', 0)])).toEqual({ prices: { 'gpt-x': { inputUsd: 0.5, outputUsd: 0 } } });
    expect(readLines([])).toEqual({ prices: {} });
  });

  it.each([
    ['without a name', line(' ')],
    ['with a name that is too long', line('x'.repeat(201))],
    ['without a price', line('a', '')],
    ['with less than nothing', line('a', -1)],
    ['with too much', line('a', 1, 1e7)],
    ['with a word for a price', line('a', 'free')],
  ])('%s are faults', (_, one) => {
    const read = readLines([one]);
    expect('faults' in read && read.faults.has(0)).toBe(true);
  });

  it('with the same name are a fault of the second', () => {
    const read = readLines([line('a'), line('A', 1, 2, 1)]);
    expect('faults' in read && [...read.faults.keys()]).toEqual([1]);
  });
});
