import { expect, it } from 'vitest';
import { contextParts } from './context-parts.ts';

it('shows a component stack line by line, and the rest as it is', () => {
  const context = { version: '19.3.1', componentStack: '\n    at StockRow (https://a/b.js:1:2)\n    at Stock\n' };
  expect(contextParts(context)).toEqual({
    json: '{\n  "version": "19.3.1"\n}',
    texts: [{ name: 'componentStack', text: '    at StockRow (https://a/b.js:1:2)\n    at Stock' }],
  });
  expect(contextParts({ componentStack: 'at A\nat B' })).toEqual({
    json: '',
    texts: [{ name: 'componentStack', text: 'at A\nat B' }],
  });
  expect(contextParts({})).toEqual({ json: '{}', texts: [] });
  expect(contextParts({ line: 'one\n', parts: ['a\nb'] }).texts).toEqual([]);
});
