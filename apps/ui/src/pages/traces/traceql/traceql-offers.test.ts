import { describe, expect, test } from 'vitest';
import { traceqlOffers } from './traceql-offers.ts';

const attributes = ['duration', 'status', 'resource.service.name', 'span.http.route'];
const names = {
  attributes: async () => attributes,
  values: async (attribute: string) =>
    attribute === 'status'
      ? [{ type: 'keyword', value: 'error' }]
      : attribute === 'resource.service.name'
        ? [{ type: 'string', value: 'payment' }]
        : [],
};

/** What is offered where `¦` stands in the query: the text that an offer replaces, and the offers. */
async function offered(marked: string): Promise<readonly [string, readonly string[]] | undefined> {
  const caret = marked.indexOf('¦');
  const text = marked.replace('¦', '');
  const found = await traceqlOffers(text, caret, names);
  return (
    found && [
      text.slice(found.from, caret),
      found.offers.map(({ apply, label }) => (typeof apply === 'string' ? apply : label)),
    ]
  );
}

describe('TraceQL is completed', () => {
  test.each([
    ['{ ¦', ''],
    ['{ res¦', 'res'],
    ['{ status = error && span.http¦', 'span.http'],
    ['{ (¦', ''],
    ['{ } | by(resource.¦', 'resource.'],
    ['{ } | rate() by (¦', ''],
    ['{ } | quantile_over_time(d¦', 'd'],
    ['{ status = error } >> { ¦', ''],
  ])('%s with attributes', async (query, begun) => expect(await offered(query)).toEqual([begun, attributes]));

  test.each([
    ['{ status = ¦', '', 'error'],
    ['{ status != er¦', 'er', 'error'],
    ['{ resource.service.name = ¦', '', '"payment"'],
    ['{ resource.service.name = "pa¦"', 'pa', 'payment'],
  ])('%s with values, in quotes where they need them', async (query, begun, value) =>
    expect(await offered(query)).toEqual([begun, [value]]),
  );
  test.each(['{ } | ¦', '{ status = error } | ra¦', '{ } | count() > 2 | ¦'])('%s with stages', async (query) =>
    expect((await offered(query))?.[1]).toEqual(expect.arrayContaining(['count', 'rate', 'quantile_over_time', 'by'])),
  );
  test('the grouping of a rate', async () => expect(await offered('{ } | rate() b¦')).toEqual(['b', ['by']]));
});

test.each([
  ['a new query begins with nothing', '¦'],
  ['a value is complete', '{ status = error ¦'],
  ['between spansets', '{ } ¦'],
  ['a comment', '// { ¦'],
])('nothing is offered: %s', async (_, query) => expect(await offered(query)).toBeUndefined());
