import { describe, expect, test } from 'vitest';
import { logqlOffers } from './logql-offers.ts';

const names = {
  labels: async () => ['level', 'service_name', 'site'],
  values: async (label: string) => (label === 'site' ? ['STORE_047', 'the "big" one'] : [`a ${label}`]),
};

/** What is offered where `¦` stands in the query: the text that an offer replaces, and the offers. */
async function offered(marked: string): Promise<readonly [string, readonly string[]] | undefined> {
  const caret = marked.indexOf('¦');
  const text = marked.replace('¦', '');
  const found = await logqlOffers(text, caret, names);
  return (
    found && [
      text.slice(found.from, caret),
      found.offers.map(({ apply, label }) => (typeof apply === 'string' ? apply : label)),
    ]
  );
}

describe('LogQL is completed', () => {
  test.each([
    ['{¦', '', names.labels],
    ['{se¦', 'se', names.labels],
    ['{level="error", s¦', 's', names.labels],
    ['sum by (s¦', 's', names.labels],
    ['sum by (site, ¦) (rate({level="error"}[5m]))', '', names.labels],
    ['sum without (¦', '', names.labels],
    ['{level="error"} | json | unwrap d¦', 'd', names.labels],
    ['{level="error"} | keep site, ¦', '', names.labels],
  ])('%s with labels', async (query, begun, of) => expect(await offered(query)).toEqual([begun, await of()]));

  test.each([
    ['{site="¦', ''],
    ['{site="STO¦', 'STO'],
    ['{level="error", site=~"¦"}', ''],
    ['{site!~ "¦"}', ''],
    ['sum(rate({site != "ST¦"}[5m]))', 'ST'],
  ])('%s with values, as they stand in quotes', async (query, begun) =>
    expect(await offered(query)).toEqual([begun, ['STORE_047', 'the \\"big\\" one']]),
  );
  test('within backticks as they are', async () =>
    expect(await offered('{site=`¦')).toEqual(['', ['STORE_047', 'the "big" one']]));

  test.each(['{level="error"} | ¦', '{level="error"} |= "a | b" | js¦', 'rate({level="error"} | ¦'])(
    '%s with stages',
    async (query) =>
      expect((await offered(query))?.[1]).toEqual(expect.arrayContaining(['json', 'line_format', 'unwrap'])),
  );
  test.each(['ra¦', 'sum(ra¦', 'sum by (site) (ra¦', 'rate({a="b"}[5m]) / ra¦'])('%s with functions', async (query) =>
    expect(await offered(query)).toEqual(['ra', expect.arrayContaining(['rate', 'topk', 'count_over_time'])]),
  );
  test.each(['sum b¦', 'topk by¦', 'sum(rate({a="b"}[5m])) b¦'])('%s with groupings', async (query) =>
    expect((await offered(query))?.[1]).toEqual(['by', 'without']),
  );
});

test.each([
  ['a new query begins with nothing', '¦'],
  ['a line filter is free text', '{level="error"} |= "dec¦'],
  ['a stream that is not yet compared', '{site ¦'],
  ['a range', 'rate({a="b"}[5¦'],
  ['a comment', '# {¦'],
  ['behind a stream', '{level="error"}¦'],
  ['a string of a stage', '{level="error"} | pattern "<ip> ¦'],
])('nothing is offered: %s', async (_, query) => expect(await offered(query)).toBeUndefined());

test('a comment that ended, and brackets in strings, are not counted', async () => {
  expect((await offered('# {\n{¦'))?.[1]).toEqual(await names.labels());
  expect((await offered('{site="{", ¦'))?.[1]).toEqual(await names.labels());
  expect((await offered('{a="\\"", site="¦'))?.[0]).toBe('');
});
