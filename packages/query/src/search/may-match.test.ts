import { expect, test } from 'vitest';
import { mayMatch } from './may-match.ts';
import { parseSearch } from './parse.ts';

const may = (text: string, site: string): boolean => {
  const search = parseSearch(text);
  if (!search.ok) throw new Error(search.error.message);
  return mayMatch(search.value, 'site', site);
};

test.each([
  ['', 'STORE_047'],
  ['timeout', 'STORE_047'],
  ['site:store_047 timeout', 'STORE_047'],
  ['store:STORE_0*', 'STORE_047'],
  ['site:*_0*7', 'STORE_047'],
  ['site:(STORE_001 OR STORE_047)', 'STORE_047'],
  ['site:STORE_001 OR severity:error', 'STORE_047'],
  // What is negated or an expression is left to the engine.
  ['-site:STORE_047', 'STORE_047'],
  ['site:/^STORE/', 'STORE_047'],
  ['site:BÄR', 'bär'],
  ['service:STORE_001', 'STORE_047'],
])('%j may find records of %s', (text, site) => {
  expect(may(text, site)).toBe(true);
});

test.each([
  ['site:STORE_001', 'STORE_047'],
  ['timeout site:STORE_001', 'STORE_047'],
  ['site:STORE_001 OR site:STORE_002', 'STORE_047'],
  ['site:STORE_1*', 'STORE_047'],
  ['site:*7*7', 'STORE_047'],
  ['site:STORE_04*47', 'STORE_047'],
  ['exists:site', ''],
])('%j finds none of %j', (text, site) => {
  expect(may(text, site)).toBe(false);
});
