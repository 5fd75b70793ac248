import type { ManualClock } from '@sightline/base';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Control } from '../control.ts';
import { twoOrganisations } from '../test-support/two-organisations.ts';
import { testServers } from '../testing.ts';
import type { RuleValues } from './port.ts';

const values = (name: string, more: Partial<RuleValues> = {}): RuleValues => ({
  name,
  description: '',
  type: 'threshold',
  settings: { threshold: 5 },
  severity: 'high',
  enabled: true,
  policy: '',
  runbook: '',
  labels: { team: 'shops' },
  everyMs: 60_000,
  forMs: 0,
  ...more,
});

for (const { name, missing, start } of testServers) {
  describe.skipIf(missing !== undefined)(`detect on ${name}`, () => {
    let control: Control;
    let clock: ManualClock;
    let one: string;
    let two: string;
    const fresh = twoOrganisations(start);
    beforeEach(async () => {
      ({ control, clock, one, two } = await fresh());
    });

    async function newRule(ruleName: string, organisation = one, more: Partial<RuleValues> = {}): Promise<string> {
      const made = await control.detect.rules.create(organisation, values(ruleName, more), 'ann');
      if (!made.ok) throw new Error(made.error.message);
      return made.value.id;
    }

    it('keeps rules of organisations apart', async () => {
      const { rules } = control.detect;
      const id = await newRule('Errors');
      await newRule('Errors', two);
      expect(await rules.find(two, id)).toBeUndefined();
      expect(await rules.update(two, id, values('Mine'), 'eve')).toMatchObject({
        ok: false,
        error: { reason: 'not-found' },
      });
      expect(await rules.setEnabled(two, id, false, 'eve')).toMatchObject({ ok: false });
      expect(await rules.remove(two, id, 'eve')).toMatchObject({ ok: false });
      expect(await rules.find(one, id)).toMatchObject({
        name: 'Errors',
        enabled: true,
        settings: { threshold: 5 },
        labels: { team: 'shops' },
      });
    });

    it('refuses a name that is taken; that of a deleted rule is free', async () => {
      const { rules } = control.detect;
      const id = await newRule('Errors');
      const other = await newRule('Others');
      expect(await rules.create(one, values('Errors'), 'ann')).toMatchObject({
        ok: false,
        error: { reason: 'conflict' },
      });
      expect(await rules.update(one, other, values('Errors'), 'ann')).toMatchObject({
        ok: false,
        error: { reason: 'conflict' },
      });
      await rules.remove(one, id, 'ann');
      expect(await rules.find(one, id)).toBeUndefined();
      await newRule('Errors');
      expect((await rules.list(one)).map((rule) => rule.name)).toEqual(['Errors', 'Others']);
    });

    it('tells what changed since, deleted rules too, page by page', async () => {
      const { rules } = control.detect;
      const ids = [await newRule('A'), await newRule('B'), await newRule('C', two)].sort();
      const first = await rules.changedSince(clock.now(), '', 2);
      expect(first.map((rule) => rule.id)).toEqual(ids.slice(0, 2));
      const rest = await rules.changedSince(clock.now(), ids[1] ?? '', 2);
      expect(rest.map((rule) => rule.id)).toEqual(ids.slice(2));
      clock.advance(1000);
      expect(await rules.changedSince(clock.now(), '', 10)).toEqual([]);
      const [deleted = ''] = ids;
      for (const organisation of [one, two]) await rules.remove(organisation, deleted, 'ann');
      expect(await rules.changedSince(clock.now(), '', 10)).toMatchObject([
        { id: deleted, deleted: true, enabled: false },
      ]);
      await rules.forget(ids);
      expect((await rules.changedSince(0, '', 10)).map((rule) => rule.id)).toEqual(ids.slice(1));
    });

    it('notes runs without counting them as changes', async () => {
      const { rules } = control.detect;
      const id = await newRule('A');
      const before = await rules.find(one, id);
      clock.advance(5000);
      await rules.noteRuns([
        { id, atMs: clock.now(), error: "it's \\ odd" },
        { id: 'gone', atMs: 0, error: '' },
      ]);
      expect(await rules.find(one, id)).toEqual({ ...before, lastRunAt: clock.now(), lastError: "it's \\ odd" });
    });

    it('gives ready rules once, and not again when they were deleted', async () => {
      const { rules } = control.detect;
      const ready = ['a', 'b'].map((each) => ({ ...values(each), ready: each }));
      expect(await rules.ensureReady(one, ready)).toBe(2);
      expect(await rules.ensureReady(one, ready)).toBe(0);
      const [first] = await rules.list(one);
      await rules.remove(one, first?.id ?? '', 'ann');
      await rules.forget([first?.id ?? '']);
      expect(await rules.ensureReady(one, [...ready, { ...values('c'), ready: 'c' }])).toBe(1);
      expect((await rules.list(one)).map((rule) => rule.ready)).toEqual(['b', 'c']);
    });

    it('keeps states of groups, but none of rules that are gone', async () => {
      const { ruleStates, rules } = control.detect;
      const id = await newRule('A');
      const state = {
        organisation: one,
        rule: id,
        groupKey: 'k1',
        labels: { site: 'X' },
        state: 'pending',
        sinceMs: clock.now(),
        value: 1.5,
      } as const;
      await ruleStates.save([state, { ...state, groupKey: 'k2', value: null }, { ...state, rule: 'gone' }], []);
      expect(await ruleStates.load([id])).toHaveLength(2);
      await ruleStates.save([{ ...state, state: 'firing', value: 2 }], [{ rule: id, groupKey: 'k2' }]);
      expect(await ruleStates.ofRule(one, id, 10)).toEqual([{ ...state, state: 'firing', value: 2 }]);
      expect(await ruleStates.ofRule(two, id, 10)).toEqual([]);
      expect((await ruleStates.counts(one)).get(id)).toEqual({ firing: 1, pending: 0 });
      await rules.remove(one, id, 'ann');
      await rules.forget([id]);
      expect(await ruleStates.load([id])).toEqual([]);
    });

    it('lends a lease to one holder at a time', async () => {
      const { leases } = control.detect;
      const names = ['rules/0', 'rules/1', 'rules/2'];
      const held = async (holder: string, most?: number): Promise<string[]> =>
        (await leases.hold(holder, names, 10_000, most)).map((lease) => lease.name).sort();
      expect(await held('a', 2)).toEqual(['rules/0', 'rules/1']);
      expect(await held('b')).toEqual(['rules/2']);
      await leases.note('a', 'rules/0', { watchedToMs: 7 });
      await leases.note('b', 'rules/0', { watchedToMs: 9 });
      clock.advance(9000);
      expect(await held('a', 2)).toHaveLength(2);
      clock.advance(9000);
      expect(await held('b')).toEqual(['rules/2']);
      expect(await leases.holders('rules/')).toEqual(expect.arrayContaining(['a', 'b']));
      expect(await leases.names('rules/')).toEqual(names);
      expect(await leases.names('links/')).toEqual([]);
      clock.advance(2000);
      const taken = await leases.hold('b', names, 10_000);
      expect(taken.find((lease) => lease.name === 'rules/0')?.note).toEqual({ watchedToMs: 7 });
      await leases.release('b', ['rules/1']);
      expect(await held('a')).toEqual(['rules/1']);
    });

    it('never lends a lease twice when many ask at once', async () => {
      const asked = await Promise.all(
        Array.from({ length: 8 }, (_, i) => control.detect.leases.hold(`h${i}`, ['rules/7'], 10_000)),
      );
      expect(asked.flat()).toHaveLength(1);
    });

    it('knows templates of log lines by organisation and kind, those seen last', async () => {
      const { templates } = control.detect;
      const hex = (n: number): string => n.toString(16).padStart(16, '0');
      const many = (from: number, to: number, seenMs: number) =>
        Array.from({ length: to - from }, (_, i) => ({
          id: hex(from + i),
          form: `line ${from + i}`,
          bornMs: 0,
          seenMs,
        }));
      await templates.note(one, hex(1), many(0, 2, 1000));
      await templates.note(one, hex(1), [{ id: hex(1), form: 'line 1', bornMs: 5, seenMs: 3000 }]);
      await templates.note(one, hex(2), [{ id: hex(7), form: 'a\0b', bornMs: 0, seenMs: 2000 }]);
      expect(await templates.load(one, hex(1), 0)).toEqual([
        { id: hex(1), form: 'line 1', bornMs: 5, seenMs: 3000 },
        { id: hex(0), form: 'line 0', bornMs: 0, seenMs: 1000 },
      ]);
      expect(await templates.load(one, hex(1), 2000)).toHaveLength(1);
      expect(await templates.load(one, hex(2), 0)).toMatchObject([{ form: 'a\uFFFDb' }]);
      expect(await templates.load(two, hex(1), 0)).toEqual([]);
      expect(await templates.bornSince(one, 5)).toMatchObject([{ id: hex(1), form: 'line 1', bornMs: 5 }]);
      expect(await templates.bornSince(one, 6)).toEqual([]);
      expect(await templates.bornSince(two, 1)).toEqual([]);
      await templates.note(one, hex(3), many(100, 20_100, 4000));
      expect(await templates.load(one, hex(1), 0), 'the oldest make room').toEqual([]);
      expect(await templates.load(one, hex(3), 0)).toHaveLength(3000);
    });
  });
}
