import { fail, ManualClock, silentLogger } from '@sightline/base';
import type { Control } from '@sightline/control';
import { testServers, type TestServer } from '@sightline/control/testing';
import type { MetricEngine } from '@sightline/query/promql';
import { InMemoryTarget, type LoadedSeries } from '@sightline/query/promql/testing';
import { staleNaNBits, type Finding, type ReceivedSeries } from '@sightline/record';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TelemetryReader } from '@sightline/store/port';
import { FileRuleRunner } from './file-rule-runner.ts';

const startMs = 1_800_000_000_000;
const file = `
groups:
  - name: shops
    interval: 1m
    rules:
      - record: shop:up:sum
        expr: sum by (site) (up)
      - alert: ShopDown
        expr: shop:up:sum == 0
        for: 2m
        labels: { severity: critical }
        annotations: { summary: "{{ $labels.site }} has {{ $value }} tills" }
`;

const loaded = (series: ReceivedSeries): LoadedSeries => {
  const values = Float64Array.from(series.values);
  for (const at of series.stale ?? []) new BigUint64Array(values.buffer)[at] = staleNaNBits;
  const labels = Object.fromEntries(
    series.labels.flatMap((name, at) => (at % 2 === 0 ? [[name, series.labels[at + 1] ?? '']] : [])),
  );
  return { labels, columns: { count: values.length, times: Float64Array.from(series.times), values } };
};

for (const { name, missing, start } of testServers) {
  describe.skipIf(missing !== undefined)(`rules of files on ${name}`, () => {
    let server: TestServer;
    let control: Control;
    let clock: ManualClock;
    let organisation: string;
    let store: InMemoryTarget;
    let told: Finding[];
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());
    beforeEach(async () => {
      clock = new ManualClock(startMs);
      control = await server.freshControl(clock);
      const made = await control.organisations.ensure('One');
      organisation = made.ok ? made.value.id : '';
      store = new InMemoryTarget();
      told = [];
      return () => control.close();
    });

    function runner(): FileRuleRunner {
      const engine: Pick<MetricEngine, 'instant'> = {
        instant: async ({ expression, atMs }) => {
          const answer = await store.instant(expression, atMs);
          return answer.ok ? answer : fail({ kind: 'execution', message: answer.error });
        },
      };
      return new FileRuleRunner({
        control,
        engine,
        logs: {} as TelemetryReader,
        samples: {
          write: async (_, series) => store.load(series.map(loaded)),
          visible: async () => undefined,
        },
        findings: {
          accept: async (findings) => {
            told.push(...findings);
          },
        },
        holds: () => true,
        folder: '',
        publicUrl: () => '',
        clock,
        logger: silentLogger,
      });
    }
    /** `up` of two tills of a shop, from now on until it is said anew. */
    const tills = async (value: number) => {
      for (const till of ['1', '2']) {
        const labels = ['__name__', 'up', 'site', 'STORE_001', 'till', till];
        const series = {
          labels,
          type: 'gauge',
          unit: '',
          help: '',
          delta: false,
          times: [clock.now()],
          values: [value],
        } as const;
        await store.load([loaded(series)]);
      }
    };
    /** Time goes on in steps of 10 s, each with a sample, until it is so; at most ten minutes. Answers how many minutes it took. */
    const until = async (rules: FileRuleRunner, value: number, isSo: () => Promise<boolean> | boolean) => {
      for (let step = 1; step <= 60; step++) {
        await tills(value);
        clock.advance(10_000);
        await rules.look();
        await rules.settled();
        if (await isSo()) return step / 6;
      }
      throw new Error('it never was so');
    };
    const has = (expression: string) => async () => (await answer(expression)).length > 0;
    const none = (expression: string) => async () => (await answer(expression)).length === 0;
    const answer = async (expression: string) => {
      const found = await store.instant(expression, clock.now());
      return found.ok && found.value.value.type === 'vector' ? found.value.value.samples : [];
    };

    it('record, wait, fire, survive a restart and resolve', async () => {
      expect(await control.ruleFiles.put(organisation, 'shops.yml', file, 'ann')).toMatchObject({ ok: true });
      let rules = runner();
      await until(rules, 1, has('shop:up:sum'));
      expect(await answer('shop:up:sum')).toMatchObject([{ labels: { site: 'STORE_001' }, value: 2 }]);
      expect(await answer('ALERTS')).toEqual([]);

      await until(rules, 0, has('ALERTS{alertstate="pending"}'));
      await until(rules, 0, async () => (await control.ruleFiles.loadGroups(organisation))[0]?.alerts.length === 1);
      await until(rules, 0, () => rules.groupsOf(organisation)[0]?.busy === false);
      expect(told).toEqual([]);
      // Another process goes on with what this one had counted.
      await rules.close();
      rules = runner();
      expect(await until(rules, 0, () => told.length > 0)).toBeLessThanOrEqual(2.1);
      expect(told).toMatchObject([
        {
          state: 'firing',
          severity: 'critical',
          title: 'ShopDown at STORE_001',
          summary: 'STORE_001 has 0 tills',
          source: 'rule',
        },
      ]);
      expect(await answer('ALERTS{alertstate="firing"}')).toHaveLength(1);
      expect(await answer('ALERTS{alertstate="pending"}')).toEqual([]);
      const [group] = rules.groupsOf(organisation);
      expect(group?.rules.map(({ memory }) => [memory.lastError, memory.alerts.size])).toEqual([
        ['', 0],
        ['', 1],
      ]);

      await until(rules, 1, () => told.length > 1);
      expect(told.map(({ state }) => state)).toEqual(['firing', 'resolved']);
      expect(await answer('ALERTS')).toEqual([]);
      expect((await control.ruleFiles.loadGroups(organisation))[0]?.alerts).toEqual([]);
      await rules.close();
    });

    it('are over when their file goes', async () => {
      await control.ruleFiles.put(organisation, 'shops.yml', file, 'ann');
      const rules = runner();
      await until(rules, 0, () => told.length > 0);
      await control.ruleFiles.remove(organisation, 'shops.yml');
      await until(rules, 0, () => told.length > 1);
      expect(told.map(({ state }) => state)).toEqual(['firing', 'resolved']);
      expect(rules.groupsOf(organisation)).toEqual([]);
      expect(await control.ruleFiles.loadGroups(organisation)).toEqual([]);
      expect(await none('ALERTS or shop:up:sum')()).toBe(true);
      await rules.close();
    });

    it('keep going beside a rule that cannot be asked', async () => {
      const broken = file.replace('sum by (site) (up)', 'up + on() group_left() up');
      await control.ruleFiles.put(organisation, 'a.yml', broken, 'ann');
      await control.ruleFiles.put(organisation, 'b.yml', file, 'ann');
      const rules = runner();
      await until(rules, 1, has('shop:up:sum'));
      await until(rules, 1, () => rules.groupsOf(organisation)[0]?.rules[0]?.memory.lastError !== '');
      const errors = rules
        .groupsOf(organisation)
        .map((group) => group.rules.map(({ memory }) => memory.lastError === ''));
      expect(errors).toEqual([
        [false, true],
        [true, true],
      ]);
      expect(rules.metrics()).toMatch(/sightline_file_rule_failures_total [1-9]/);
      await rules.close();
    });
  });
}
