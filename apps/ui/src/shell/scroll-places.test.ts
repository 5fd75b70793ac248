import { expect, test } from 'vitest';
import { ScrollPlaces } from './scroll-places.ts';

test('an entry is found as it was left, and unknown ones at their beginning', () => {
  const places = new ScrollPlaces();
  places.keepPlace('a', 'content', 120);
  places.keepPlace('a', 'stores', 40);
  places.keepLink('a', '/sites/STORE_012');
  expect(places.of('a')).toEqual({ places: { content: 120, stores: 40 }, link: '/sites/STORE_012' });
  expect(places.of('b')).toEqual({ places: {}, link: '' });
});

test('an entry that takes the place of another begins where that one stood', () => {
  const places = new ScrollPlaces();
  places.keepPlace('a', 'content', 120);
  places.keepLink('a', '/logs');
  places.follow('a', 'b');
  places.keepPlace('b', 'content', 300);
  expect([places.of('a').places, places.of('b')]).toEqual([{ content: 120 }, { places: { content: 300 }, link: '' }]);
});

test('the oldest are forgotten', () => {
  const places = new ScrollPlaces(2);
  for (const key of ['a', 'b', 'a', 'c']) places.keepPlace(key, 'content', 1);
  expect(['a', 'b', 'c'].map((key) => places.of(key).places)).toEqual([{ content: 1 }, {}, { content: 1 }]);
});

test('a reload takes over what was kept; other text is passed over', () => {
  const before = new ScrollPlaces();
  before.keepPlace('a', 'content', 120);
  const after = new ScrollPlaces();
  after.read(before.write());
  expect(after.of('a')).toEqual(before.of('a'));
  for (const broken of ['', '{}', 'null', '[1]', '[["a"]]']) after.read(broken);
  expect(after.of('a')).toEqual(before.of('a'));
});
