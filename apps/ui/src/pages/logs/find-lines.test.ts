import type { LogRow } from '@sightline/contract';
import { expect, it } from 'vitest';
import { findLines, stepMatch } from './find-lines.ts';

const line: LogRow = {
  id: '1',
  at: 0,
  tsNs: '0',
  receivedAt: 0,
  severity: 'info',
  severityText: '',
  site: '',
  device: '',
  service: '',
  environment: '',
  release: '',
  body: '',
  traceId: '',
  spanId: '',
  correlationId: '',
  eventName: '',
  attributes: {},
  resource: {},
};
const lines = ['Card declined', 'card taken', 'Order 12', ''].map((body, at) => ({
  ...line,
  body,
  eventName: 'checkout',
  site: `STORE_00${at}`,
}));

it.each([
  ['card', [0, 1]],
  ['DECLINED', [0]],
  [' 12 ', [2]],
  ['checkout', [3]],
  ['.*', []],
  ['  ', []],
])('%j is found in the lines %j', (text, found) => expect(findLines(lines, text, [])).toEqual(found));

it('what stands in a column that is shown is found, and nothing that is not shown', () => {
  expect(findLines(lines, 'store_002')).toEqual([2]);
  expect(findLines(lines, 'store_002', ['device'])).toEqual([]);
});

it.each([
  [3, 0, 1, 1],
  [3, 2, 1, 0],
  [3, 0, -1, 2],
  // Lines went while the last of them was marked.
  [2, 5, 1, 0],
  [0, 0, 1, -1],
] as const)('of %i matches, from %i by %i: %i', (matches, at, by, next) =>
  expect(stepMatch(matches, at, by)).toBe(next),
);
