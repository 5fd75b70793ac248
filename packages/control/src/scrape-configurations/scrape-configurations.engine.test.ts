import type { ManualClock } from '@sightline/base';
import pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Control } from '../control.ts';
import { twoOrganisations } from '../test-support/two-organisations.ts';
import { testServers } from '../testing.ts';

for (const { name, missing, start } of testServers) {
  describe.skipIf(missing !== undefined)(`scrape configurations on ${name}`, () => {
    let control: Control;
    let clock: ManualClock;
    let one: string;
    let two: string;
    const fresh = twoOrganisations(start);
    beforeEach(async () => {
      ({ control, clock, one, two } = await fresh());
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
