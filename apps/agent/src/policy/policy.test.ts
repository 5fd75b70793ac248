import { describe, expect, test } from 'vitest';
import { defaultPolicy, parsePolicy, policyTemplate, readPolicy } from './policy.ts';

describe('policy of a site', () => {
  test('without a file everything may be seen and nothing changed', () => {
    expect(readPolicy('/nowhere/policy.json')).toEqual({
      policy: defaultPolicy,
      file: '/nowhere/policy.json',
      fault: undefined,
    });
    expect(defaultPolicy.restart).toEqual([]);
    expect(parsePolicy(policyTemplate)).toEqual({ ok: true, value: defaultPolicy });
  });

  test('what is left out holds as by default', () => {
    expect(parsePolicy('{"restart":["backend"]}')).toEqual({
      ok: true,
      value: { ...defaultPolicy, restart: ['backend'] },
    });
  });

  test.each([
    ['', /not JSON/],
    ['[]', /expected object/i],
    ['{"restart":"backend"}', /"restart"/],
    ['{"restart":["a"],"reboot":true}', /reboot/],
    ['{"systemInfo":"no"}', /"systemInfo"/],
  ])('%s is broken', (text, words) => {
    const read = parsePolicy(text);
    expect(read.ok).toBe(false);
    if (!read.ok) expect(read.error).toMatch(words);
  });

  test('a file that cannot be read allows nothing', () => {
    const { policy, fault } = readPolicy('/');
    expect(policy).toEqual({ systemInfo: false, dockerStatus: false, logs: [], restart: [] });
    expect(fault).toMatch(/nothing is allowed/);
  });
});
