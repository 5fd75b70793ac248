import type { Release } from '@sightline/control';
import type { ReleaseHealth } from '@sightline/query';
import { expect, test } from 'vitest';
import { releasesJson } from './release-json.ts';

const named = (version: string, createdAt: number): Release => ({
  version,
  url: '',
  ref: '',
  archived: false,
  createdAt,
  releasedAt: null,
});
const seen = (release: string, firstSeenAt: number, newIssues = 0) =>
  ({ release, firstSeenAt, lastSeenAt: firstSeenAt + 1000, newIssues }) as ReleaseHealth;

test('releases that only their events name are listed too, with what came of each', () => {
  const listed = releasesJson(
    [named('till@2', 5000), named('till@1', 1000)],
    [seen('till@2', 6000, 3), seen('till@1.5', 3000), seen('', 9000), seen('only issues', 0)],
    [],
    9,
  );
  expect(listed).toMatchObject([
    { version: 'till@2', newGroups: 3, lastEvent: '1970-01-01T00:00:07.000Z', dateCreated: '1970-01-01T00:00:05.000Z' },
    { version: 'till@1.5', newGroups: 0, dateCreated: '1970-01-01T00:00:03.000Z' },
    { version: 'till@1', newGroups: 0, firstEvent: null, lastEvent: null },
  ]);
  expect(releasesJson([named('a', 1), named('b', 2)], [], [], 1)).toMatchObject([{ version: 'b' }]);
});
