import { costGrowth, nearlyLinear } from '@sightline/base/testing';
import type { Span } from '@sightline/contract';
import { expect, it } from 'vitest';
import { spanAt } from '../../records/span.fixture.ts';
import { findSpans } from './find-spans.ts';

const spans = [
  spanAt('a1', '', 0, 9, { name: 'POST /orders', service: 'gateway' }),
  spanAt('b2', 'a1', 1, 3, { name: 'authorise', service: 'payment', status: 'error', statusMessage: 'Declined' }),
  spanAt('c3', 'a1', 3, 5, {
    name: 'SELECT',
    attributes: { 'db.statement': 'SELECT qty FROM stock' },
    resource: { 'host.name': 'nuc-7' },
    events: [{ at: 0, tsNs: '0', name: 'retry', attributes: { attempt: '2' } }],
  }),
];

it.each([
  ['orders', ['a1', 'b2', 'c3'].filter((id) => id !== 'b2')],
  ['POST /ORDERS', ['a1']],
  ['declined', ['b2']],
  ['failed payment', ['b2']],
  ['db.statement=select', ['c3']],
  ['nuc-7', ['c3']],
  ['retry attempt=2', ['c3']],
  ['b2', ['b2']],
  ['store_047', ['a1', 'b2', 'c3']],
  ['nowhere', []],
  ['  ', []],
])('%s finds %j', (text, ids) => expect(findSpans(spans, text)).toEqual(ids));

it('looks through 10,000 spans while somebody types', async () => {
  const spansOf = (length: number): Span[] =>
    Array.from({ length }, (_, i) =>
      spanAt(`s${i}`, '', i, i + 1, {
        attributes: { 'order.id': `o-${i}`, 'db.statement': 'SELECT qty FROM stock WHERE sku = ?' },
      }),
    );
  const growth = await costGrowth(10_000, spansOf, (many) => {
    for (const text of ['o', 'o-', 'o-9', 'o-99', 'o-999']) findSpans(many, text);
  });
  expect(growth).toBeLessThan(nearlyLinear);
  expect(findSpans(spansOf(10_000), 'order.id=o-9999')).toEqual(['s9999']);
});
