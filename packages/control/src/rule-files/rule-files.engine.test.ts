import type { ManualClock } from '@sightline/base';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Control } from '../control.ts';
import { twoOrganisations } from '../test-support/two-organisations.ts';
import { testServers } from '../testing.ts';
import type { KeptAlert } from './port.ts';

const alert = (over: Partial<KeptAlert> = {}): KeptAlert => ({
  rule: 'Down 0',
  fingerprint: 'f1',
  labels: { alertname: 'Down', site: 'STORE_001' },
  annotations: { summary: 'is down' },
  state: 'pending',
  activeAtMs: 1_800_000_000_000,
  keptSinceMs: null,
  value: 1,
  ...over,
});

for (const { name, missing, start } of testServers) {
  describe.skipIf(missing !== undefined)(`rule files on ${name}`, () => {
    let control: Control;
    let clock: ManualClock;
    let one: string;
    let two: string;
    const fresh = twoOrganisations(start);
    beforeEach(async () => {
      ({ control, clock, one, two } = await fresh());
    });

    it('are put, replaced and removed by one organisation alone', async () => {
      const { ruleFiles } = control;
      const put = await ruleFiles.put(one, 'node.yml', 'groups: []', 'ann');
      expect(put).toMatchObject({ ok: true, value: { name: 'node.yml', sizeBytes: 10, updatedBy: 'ann' } });
      clock.advance(1000);
      const again = await ruleFiles.put(one, 'node.yml', 'groups: []\n# \0', 'bob');
      expect(again.ok && put.ok && again.value.digest !== put.value.digest).toBe(true);
      expect(await ruleFiles.find(one, 'node.yml')).toMatchObject({
        content: 'groups: []\n# \uFFFD',
        updatedBy: 'bob',
      });
      expect(await ruleFiles.find(two, 'node.yml')).toBeUndefined();
      expect(await ruleFiles.list(two)).toEqual([]);
      expect(await ruleFiles.remove(two, 'node.yml')).toMatchObject({ ok: false, error: { reason: 'not-found' } });
      expect((await ruleFiles.listAll()).map((file) => file.organisation)).toEqual([one]);
      expect(await ruleFiles.remove(one, 'node.yml')).toMatchObject({ ok: true });
      expect(await ruleFiles.list(one)).toEqual([]);
    });

    it('a sampling policy is of one organisation, and remembers since when it is on', async () => {
      const { sampling } = control;
      const rules = {
        name: 'Lean',
        slowMs: 500,
        services: [{ service: 'pay\0', share: 1 }],
        share: 0.1,
        waitMs: 900_000,
      };
      expect(await sampling.find(one)).toBeUndefined();
      await sampling.save(one, rules, false, 'ann');
      expect(await sampling.active()).toEqual([]);
      const on = await sampling.save(one, rules, true, 'ann');
      clock.advance(60_000);
      const changed = await sampling.save(one, { ...rules, share: 0.2, slowMs: null }, true, 'bob');
      expect(changed).toMatchObject({ enabledAt: on.enabledAt, share: 0.2, slowMs: null, updatedBy: 'bob' });
      expect(await sampling.active()).toMatchObject([
        { organisation: one, policy: { share: 0.2, services: [{ service: 'pay\uFFFD' }] }, sinceMs: on.enabledAt },
      ]);
      await sampling.save(one, rules, false, 'bob');
      expect((await sampling.save(one, rules, true, 'bob')).enabledAt).toBe(clock.now());
      expect(await sampling.find(two)).toBeUndefined();
    });

    it('pipelines are kept in versions, each in force after the one before', async () => {
      const { pipelines } = control;
      expect(await pipelines.find(one)).toBeUndefined();
      const first = await pipelines.save(one, [{ name: 'a\0' }], 0, 'ann', 2000);
      expect(first).toMatchObject({
        ok: true,
        value: { version: 1, takesEffectAt: clock.now() + 2000, savedBy: 'ann', pipelines: [{ name: 'a\uFFFD' }] },
      });
      expect(await pipelines.save(one, [], 0, 'bob', 2000)).toMatchObject({ ok: false, error: { reason: 'conflict' } });
      expect(await pipelines.save(one, [], 7, 'bob', 2000)).toMatchObject({ ok: false, error: { reason: 'conflict' } });
      const second = await pipelines.save(one, [], 1, 'bob', 0);
      expect(second.ok && first.ok && second.value.takesEffectAt > first.value.takesEffectAt).toBe(true);
      expect(await pipelines.find(one)).toMatchObject({ version: 2, pipelines: [] });
      expect(await pipelines.find(two)).toBeUndefined();
      expect((await pipelines.savedSince(0)).map(({ organisation, version }) => [organisation, version])).toEqual(
        expect.arrayContaining([
          [one, 1],
          [one, 2],
        ]),
      );
      expect(await pipelines.savedSince(clock.now() + 1)).toEqual([]);
      for (let version = 2; version < 100; version++)
        expect(await pipelines.save(one, [], version, 'bob', 0)).toMatchObject({ ok: true });
      expect(await pipelines.save(one, [], 100, 'bob', 0)).toMatchObject({ ok: false });
      clock.advance(36 * 86_400_000);
      expect(await pipelines.save(one, [], 100, 'bob', 0)).toMatchObject({ ok: true });
      expect(await pipelines.savedSince(0)).toHaveLength(100);
    });

    it('keep what their groups have counted', async () => {
      const { ruleFiles } = control;
      const group = { file: 'node.yml', group: 'hosts' };
      const other = alert({ fingerprint: 'f2', value: null, labels: { site: 'a\0b' } });
      await ruleFiles.saveGroup(one, { ...group, atMs: 1000, written: [alert(), other], deleted: [] });
      const firing = alert({ state: 'firing', keptSinceMs: 2000, annotations: { summary: 'still' } });
      await ruleFiles.saveGroup(one, {
        ...group,
        atMs: 2000,
        written: [firing],
        deleted: [{ rule: 'Down 0', fingerprint: 'f2' }],
      });
      expect(await ruleFiles.loadGroups(one)).toEqual([{ ...group, atMs: 2000, alerts: [firing] }]);
      expect(await ruleFiles.loadGroups(two)).toEqual([]);
      await ruleFiles.forgetGroup(one, 'node.yml', 'hosts');
      expect(await ruleFiles.loadGroups(one)).toEqual([]);
    });
  });
}
