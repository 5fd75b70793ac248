import { expect, test } from 'vitest';
import { whoMay } from './role-words.ts';

test.each([
  [{ role: 'responder', what: 'import dashboards' }, 'Responders, administrators and owners import dashboards.'],
  [{ role: 'admin', what: 'see API keys' }, 'Administrators and owners see API keys.'],
  [{ role: 'owner', what: 'destroy keys' }, 'Owners destroy keys.'],
] as const)('who may: %o', (need, said) => {
  expect(whoMay(need)).toBe(said);
});
