import { ManualClock } from '@sightline/base';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Control } from '../control.ts';
import { organisationOf, type TestServer } from '../testing.ts';

/**
 * A PostgreSQL for the suite around the call. What it answers makes one test's own control plane with the organisations One and
 * Two, at a moment that stands still; it is closed after the test.
 */
export function twoOrganisations(start: () => Promise<TestServer>) {
  let server: TestServer;
  let control: Control | undefined;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    await control?.close();
    control = undefined;
  });
  return async () => {
    const clock = new ManualClock(1_800_000_000_000);
    const opened = await server.freshControl(clock);
    control = opened;
    const [one, two] = await Promise.all([organisationOf(opened, 'One'), organisationOf(opened, 'Two')]);
    return { control: opened, clock, one, two };
  };
}
