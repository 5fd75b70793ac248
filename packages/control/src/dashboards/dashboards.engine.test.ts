import type { ManualClock } from '@sightline/base';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Control } from '../control.ts';
import { twoOrganisations } from '../test-support/two-organisations.ts';
import { testServers } from '../testing.ts';
import type { DashboardEdit } from './port.ts';

const edit = (title: string, message = '', panels = 1): DashboardEdit => ({
  facts: { title, description: '', folder: 'Shops', tags: ['orders'], panels },
  document: { schema: 1, title, panels: [] },
  message,
});

for (const { name, missing, start } of testServers) {
  describe.skipIf(missing !== undefined)(`dashboards on ${name}`, () => {
    let control: Control;
    let clock: ManualClock;
    let one: string;
    let two: string;
    const fresh = twoOrganisations(start);
    beforeEach(async () => {
      ({ control, clock, one, two } = await fresh());
    });

    async function made(title: string): Promise<string> {
      const kept = await control.dashboards.create(one, edit(title, 'first'), 'ann');
      if (!kept.ok) throw new Error(kept.error.message);
      return kept.value.id;
    }

    it('count their versions and refuse what was read before another save', async () => {
      const id = await made('Orders');
      clock.advance(1000);
      expect(
        await control.dashboards.save(one, id, 1, edit('Orders and returns', 'returns too', 3), 'ben'),
      ).toMatchObject({
        ok: true,
        value: { version: 2, title: 'Orders and returns', updatedBy: 'ben', panels: 3 },
      });
      const late = await control.dashboards.save(one, id, 1, edit('Mine'), 'eve');
      expect(late).toMatchObject({ ok: false, error: { reason: 'conflict' } });
      if (!late.ok) expect(late.error.message).toContain('ben saved version 2');
      expect(await control.dashboards.versions(one, id)).toEqual([
        { version: 2, at: 1_800_000_001_000, author: 'ben', message: 'returns too' },
        { version: 1, at: 1_800_000_000_000, author: 'ann', message: 'first' },
      ]);
      expect(await control.dashboards.version(one, id, 1)).toMatchObject({ document: { title: 'Orders' } });
      expect(await control.dashboards.find(one, id)).toMatchObject({ document: { title: 'Orders and returns' } });
    });

    it('let one of two savers at a time through', async () => {
      const id = await made('Orders');
      const both = await Promise.all(['a', 'b'].map((who) => control.dashboards.save(one, id, 1, edit(who), who)));
      expect(both.filter((each) => each.ok)).toHaveLength(1);
    });

    it('belong to one organisation', async () => {
      const id = await made('Orders');
      expect(await control.dashboards.find(two, id)).toBeUndefined();
      expect(await control.dashboards.list(two)).toEqual([]);
      expect(await control.dashboards.versions(two, id)).toEqual([]);
      expect(await control.dashboards.version(two, id, 1)).toBeUndefined();
      expect(await control.dashboards.save(two, id, 1, edit('Theirs'), 'eve')).toMatchObject({ ok: false });
      expect(await control.dashboards.remove(two, id)).toMatchObject({ ok: false });
      // One that ships with Sightline has the same id in both.
      expect(await control.dashboards.create(one, edit('Ready'), 'ann', 'ready-x')).toMatchObject({ ok: true });
      expect(await control.dashboards.create(two, edit('Ready'), 'ann', 'ready-x')).toMatchObject({ ok: true });
      expect(await control.dashboards.create(two, edit('Again'), 'ann', 'ready-x')).toMatchObject({ ok: false });
    });

    it('go with their versions', async () => {
      const id = await made('Orders');
      expect(await control.dashboards.remove(one, id)).toMatchObject({ ok: true, value: { title: 'Orders' } });
      expect(await control.dashboards.versions(one, id)).toEqual([]);
      expect(await control.dashboards.remove(one, id)).toMatchObject({ ok: false });
    });

    it('keep the last 200 versions', async () => {
      const id = await made('Orders');
      for (let version = 1; version <= 204; version++)
        await control.dashboards.save(one, id, version, edit(`Orders ${version}`), 'ann');
      const versions = await control.dashboards.versions(one, id);
      expect([versions.length, versions[0]?.version, versions.at(-1)?.version]).toEqual([200, 205, 6]);
    });
  });
}
