import { StoreError } from '@sightline/store/port';
import { expect, test } from 'vitest';
import { ProblemReply } from './route.ts';
import { reading, searchFault } from './store-fault.ts';

const failing = (ending: Error) => async (): Promise<never> => {
  await Promise.resolve();
  throw ending;
};

test.each([
  ['timeout', 159, 503, /Narrow the time range/],
  ['memory', 241, 422, /Narrow the time range/],
  ['too-many-rows', 396, 422, /fewer records/],
  ['unavailable', 0, 503, /Try again/],
  ['cancelled', 394, 499, /client went away/],
  ['bad-data', 427, 400, /regular expression/],
] as const)('%s (%i) is refused with %i and advice', async (kind, code, status, advice) => {
  const answered = await reading(failing(new StoreError(kind, 'SELECT secret FROM logs', code)));
  expect(answered).toBeInstanceOf(ProblemReply);
  expect(answered.problem).toMatchObject({ status, detail: expect.stringMatching(advice) });
  expect(JSON.stringify(answered.problem)).not.toContain('secret');
});

test.each([new StoreError('bug', 'no such column', 47), new StoreError('bad-data', 'odd', 6), new TypeError('ours')])(
  '%s stays an exception',
  async (error) => {
    await expect(reading(failing(error))).rejects.toBe(error);
  },
);

test('a faulty search names its place for people and for programs', () => {
  expect(
    searchFault({ message: 'expected a value after `site:`', position: { from: 2, to: 7 } }).problem,
  ).toMatchObject({
    status: 400,
    detail: 'At character 3: expected a value after `site:`.',
    position: { from: 2, to: 7 },
  });
});
