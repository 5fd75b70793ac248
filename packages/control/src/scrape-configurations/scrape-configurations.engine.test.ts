import { ManualClock } from '@sightline/base';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Control } from '../control.ts';
import { testServers, type TestServer } from '../testing.ts';

for (const { name, missing, start } of testServers) {
  describe.skipIf(missing !== undefined)(`scrape configurations on ${name}`, () => {
    let server: TestServer;
    let control: Control;
    let clock: ManualClock;
    let one: string;
    let two: string;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());
    beforeEach(async () => {
      clock = new ManualClock(1_800_000_000_000);
      control = await server.freshControl(clock);
      const made = await Promise.all(['One', 'Two'].map((each) => control.organisations.ensure(each)));
      [one = '', two = ''] = made.map((each) => (each.ok ? each.value.id : ''));
      return () => control.close();
    });

    it('are of one organisation alone, and change their digest with the content', async () => {
      const { scrapeConfigurations } = control;
      await scrapeConfigurations.put(one, 'scrape_configs: []', 'ann');
      const first = await scrapeConfigurations.find(one);
      expect(first).toMatchObject({ content: 'scrape_configs: []', updatedBy: 'ann', updatedAt: clock.now() });
      expect(await scrapeConfigurations.find(two)).toBeUndefined();
      expect(await Promise.all([one, two].map((each) => scrapeConfigurations.has(each)))).toEqual([true, false]);
      expect(await scrapeConfigurations.listAll()).toEqual([{ organisation: one, digest: first?.digest }]);
      await scrapeConfigurations.put(one, 'scrape_configs: [] # more', 'bob');
      const second = await scrapeConfigurations.find(one);
      expect(second?.digest).not.toBe(first?.digest);
      expect(second?.updatedBy).toBe('bob');
      expect(await scrapeConfigurations.remove(two)).toBe(false);
      expect(await scrapeConfigurations.remove(one)).toBe(true);
      expect(await scrapeConfigurations.listAll()).toEqual([]);
    });

    it('lie sealed in the database, and what belongs to another does not open', async () => {
      await control.scrapeConfigurations.put(one, 'password: geheim123', 'ann');
      await control.scrapeConfigurations.put(two, 'password: anders456', 'ann');
      const client = new pg.Client({ connectionString: control.database.connectionString });
      await client.connect();
      const { rows } = await client.query<{ kept: string }>(
        `SELECT encode(content_sealed, 'escape') AS kept FROM scrape_configurations WHERE organisation = $1`,
        [one],
      );
      expect(rows[0]?.kept).not.toContain('geheim123');
      await client.query(
        'UPDATE scrape_configurations SET content_sealed = (SELECT content_sealed FROM scrape_configurations WHERE organisation = $1) WHERE organisation = $2',
        [one, two],
      );
      await client.end();
      expect(await control.scrapeConfigurations.find(two)).toBeUndefined();
      expect((await control.scrapeConfigurations.find(one))?.content).toBe('password: geheim123');
    });
  });
}
