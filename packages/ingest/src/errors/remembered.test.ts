import { expect, test } from 'vitest';
import { remembered } from './remembered.ts';

test('each text is judged once, until too many are known; a long one each time', () => {
  const judged: string[] = [];
  const isEmpty = remembered((text) => {
    judged.push(text.slice(0, 3));
    return text === '';
  }, 2);
  const long = 'x'.repeat(501);
  const answers = ['', 'a', '', 'a', long, long, 'b', 'a', 'b'].map(isEmpty);
  expect(answers).toEqual([true, false, true, false, false, false, false, false, false]);
  expect(judged).toEqual(['', 'a', 'xxx', 'xxx', 'b', 'a']);
});
