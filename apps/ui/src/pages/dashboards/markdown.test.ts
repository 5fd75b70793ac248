import { expect, test } from 'vitest';
import { blocksOf } from './markdown.tsx';

test('headings, lists, code and paragraphs', () => {
  const text = '# Till\nWhom to\nask:\n- Ann\n- Ben\n1. first\n```\na = 1\n\nb\n```\nlast';
  expect(blocksOf(text)).toEqual([
    { kind: 'heading', text: 'Till' },
    { kind: 'paragraph', text: 'Whom to ask:' },
    { kind: 'list', ordered: false, items: ['Ann', 'Ben'] },
    { kind: 'list', ordered: true, items: ['first'] },
    { kind: 'code', text: 'a = 1\n\nb' },
    { kind: 'paragraph', text: 'last' },
  ]);
  expect(blocksOf('```\nnever closed')).toEqual([{ kind: 'code', text: 'never closed' }]);
});
