import { expect, it } from 'vitest';
import { type Kept, Lately } from './lately.ts';

interface Named extends Kept {
  readonly name: string;
}
const named = (name: string, characters = 5): Named => ({ name, characters });
const lately = (): Lately<string, string, Named> => new Lately(100, ({ name }, asked) => name === asked);

it('what was not asked for while as much came new is forgotten, what was asked for stays', () => {
  const known = lately();
  known.keep('k', named('old'));
  known.keep('k', named('asked'));
  for (let n = 0; n < 60; n++) {
    known.keep(`${n}`, named('other'));
    expect(known.find('k', 'asked')?.name, `after ${n}`).toBe('asked');
  }
  expect(known.find('k', 'old')).toBeUndefined();
  expect(known.find('0', 'other')).toBeUndefined();
  expect(known.find('59', 'other')).toBeDefined();
});

it('of one key few are known, and none that is large', () => {
  const known = lately();
  for (let n = 0; n < 12; n++) known.keep('k', named(`${n}`, 1));
  expect(Array.from({ length: 12 }, (_, n) => known.find('k', `${n}`)).filter(Boolean)).toHaveLength(8);
  known.keep('large', named('large', 6));
  expect(known.find('large', 'large')).toBeUndefined();
});
