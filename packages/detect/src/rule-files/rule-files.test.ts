import { ok } from '@sightline/base';
import { describe, expect, it } from 'vitest';
import { stepAlerts, type ActiveAlert, type AlertReading } from './active-alert.ts';
import { evaluateRule, newMemory } from './evaluate-group.ts';
import { findingOfAlert } from './finding-of-alert.ts';
import { parseRuleFile } from './parse-rule-file.ts';
import { readsEarlier } from './rule-dependencies.ts';
import type { AlertingRule, FileRule } from './rule-file.ts';

/** The rules of a file with one group. */
function rulesOf(text: string): readonly FileRule[] {
  const parsed = parseRuleFile(text);
  if (!parsed.ok) throw new Error(parsed.error.join('; '));
  return parsed.value[0]?.rules ?? [];
}
const alerting = (text: string): AlertingRule => rulesOf(`groups: [{name: g, rules: [${text}]}]`)[0] as AlertingRule;

describe('rule files', () => {
  it('are read as Prometheus reads them', () => {
    const parsed = parseRuleFile(`
groups:
  - name: shops
    interval: 30s
    query_offset: 1m
    limit: 10
    labels: { team: tills }
    rules:
      - record: job:orders:rate5m
        expr: sum by (job) (rate(orders_total[5m]))
        labels: { team: sales }
      - alert: NoOrders
        expr: job:orders:rate5m == 0
        for: 10m
        keep_firing_for: 5m
        labels: { severity: page }
        annotations: { summary: "{{ $labels.job }} sells nothing" }
      - alert: NoOrders
        expr: absent(orders_total)
`);
    expect(parsed).toMatchObject({
      ok: true,
      value: [
        {
          name: 'shops',
          intervalMs: 30_000,
          queryOffsetMs: 60_000,
          limit: 10,
          rules: [
            { kind: 'recording', key: 'recording job:orders:rate5m 0', labels: { team: 'sales' } },
            {
              kind: 'alerting',
              key: 'alerting NoOrders 0',
              forMs: 600_000,
              keepFiringForMs: 300_000,
              labels: { team: 'tills', severity: 'page' },
            },
            { key: 'alerting NoOrders 1', forMs: 0 },
          ],
        },
      ],
    });
    expect(parseRuleFile('')).toEqual(ok([]));
  });

  it.each([
    ['groups: [{name: a}, {name: a}]', 'groupname: "a" is repeated in the same file'],
    ['groups: [{name: a, rules: [{alert: x, record: y, expr: up}]}]', "only one of 'record' and 'alert' must be set"],
    ['groups: [{name: a, rules: [{expr: up}]}]', "one of 'record' or 'alert' must be set"],
    ['groups: [{name: a, rules: [{record: x}]}]', "field 'expr' must be set in rule"],
    ['groups: [{name: a, rules: [{record: x, expr: "sum("}]}]', 'could not parse expression: 1:5: parse error'],
    ['groups: [{name: a, rules: [{record: x, expr: up, for: 5m}]}]', "invalid field 'for' in recording rule"],
    ['groups: [{name: a, rules: [{record: "x{y}", expr: up}]}]', 'braces present in the recording rule name'],
    [
      'groups: [{name: a, rules: [{alert: x, expr: up, annotations: {s: "{{ $nope }}"}}]}]',
      'annotation "s": undefined variable "$nope"',
    ],
    ['groups: [{name: a, rules: [{alert: x, expr: up, labels: {__name__: y}}]}]', 'invalid label name: __name__'],
    ['groups: [{name: a, interval: 5 minutes}]', 'not a valid duration: "5 minutes"'],
    ['groups:\n  - name: a\n    rulez: []', 'Unrecognized key: "rulez"'],
    ['groups: [', 'Flow sequence'],
  ])('%s is refused', (text, fault) => {
    const parsed = parseRuleFile(text);
    expect(parsed.ok ? '' : parsed.error.join('; ')).toContain(fault);
  });

  it('say where a fault stands', () => {
    const parsed = parseRuleFile('groups:\n  - name: a\n    rules:\n      - record: x\n        expr: sum(\n');
    expect(parsed.ok ? '' : parsed.error[0]).toMatch(/^4:9: group "a", rule 1, "x": could not parse/);
  });
});

describe('the steps of an alert', () => {
  const reading = (value = 1): AlertReading => ({ labels: { site: 'A' }, annotations: {}, value });
  const rule = { forMs: 60_000, keepFiringForMs: 120_000 };
  const holds = new Map([['f', reading()]]);
  const none = new Map<string, AlertReading>();

  it('pending, firing, kept firing, over', () => {
    let alerts: ReadonlyMap<string, ActiveAlert> = new Map();
    const seen: string[] = [];
    const step = (atMs: number, readings: ReadonlyMap<string, AlertReading>) => {
      const stepped = stepAlerts(alerts, readings, rule, atMs);
      alerts = stepped.active;
      const state = alerts.get('f');
      seen.push(
        `${state?.state ?? 'at rest'}${state?.keptSinceMs === undefined ? '' : ' kept'} ${stepped.resolved.length}`,
      );
    };
    step(0, holds);
    step(30_000, holds);
    step(60_000, holds);
    step(90_000, none);
    step(120_000, holds);
    step(150_000, none);
    step(260_000, none);
    step(270_000, none);
    expect(seen).toEqual([
      'pending 0',
      'pending 0',
      'firing 0',
      'firing kept 0',
      'firing 0',
      'firing kept 0',
      'firing kept 0',
      'at rest 1',
    ]);
  });

  it('pending ends at once and begins anew', () => {
    const first = stepAlerts(new Map(), holds, rule, 0);
    const second = stepAlerts(first.active, none, rule, 30_000);
    expect([second.active.size, second.resolved.length, second.gone.length]).toEqual([0, 0, 1]);
    expect(stepAlerts(second.active, holds, rule, 60_000).active.get('f')?.activeAtMs).toBe(60_000);
  });
});

describe('an evaluation', () => {
  const vector =
    (...samples: [Record<string, string>, number][]) =>
    async () =>
      ok({ type: 'vector', atMs: 0, samples: samples.map(([labels, value]) => ({ labels, value })) } as const);
  const surroundings = { externalUrl: 'https://sight.example', externalLabels: {} };
  const group = { limit: 0, queryOffsetMs: 0 };

  it('records, and marks what ended', async () => {
    const [rule] = rulesOf(
      'groups: [{name: g, rules: [{record: total, expr: sum(up), labels: {team: a, job: ""}}]}]',
    ) as [FileRule];
    const memory = newMemory();
    const first = await evaluateRule(
      rule,
      memory,
      group,
      vector([{ __name__: 'x', job: 'j', site: 'A' }, 1]),
      0,
      surroundings,
    );
    expect(first.samples).toEqual([{ labels: { __name__: 'total', site: 'A', team: 'a' }, value: 1 }]);
    memory.written = first.written;
    const second = await evaluateRule(rule, memory, group, vector(), 0, surroundings);
    expect(second.stale).toEqual([{ __name__: 'total', site: 'A', team: 'a' }]);
    const same = await evaluateRule(rule, memory, group, vector([{ job: 'a' }, 1], [{ job: 'b' }, 1]), 0, surroundings);
    expect(same.error).toBe('vector contains metrics with the same labelset after applying rule labels');
    const most = { ...group, limit: 1 };
    const many = await evaluateRule(rule, memory, most, vector([{ a: '1' }, 1], [{ a: '2' }, 1]), 0, surroundings);
    expect(many.error).toBe('exceeded limit of 1 with 2 series');
  });

  it('fills in labels and annotations, and writes ALERTS', async () => {
    const rule = alerting(
      '{alert: Down, expr: up == 0, labels: {severity: page, store: "{{ $labels.site }}"}, annotations: {summary: "{{ $labels.site }} is {{ $value }}", bad: "{{ humanize \\"x\\" }}"}}',
    );
    const outcome = await evaluateRule(
      rule,
      newMemory(),
      group,
      vector([{ __name__: 'up', site: 'A' }, 0]),
      5000,
      surroundings,
    );
    const [alert] = outcome.alerts.values();
    expect(alert).toMatchObject({
      state: 'firing',
      labels: { alertname: 'Down', site: 'A', store: 'A', severity: 'page' },
      annotations: {
        summary: 'A is 0',
        bad: expect.stringContaining(
          "<error expanding template: error executing template __alert_Down: can't convert",
        ) as string,
      },
    });
    expect(outcome.samples).toEqual([
      {
        labels: {
          __name__: 'ALERTS',
          alertname: 'Down',
          alertstate: 'firing',
          severity: 'page',
          site: 'A',
          store: 'A',
        },
        value: 1,
      },
      {
        labels: { __name__: 'ALERTS_FOR_STATE', alertname: 'Down', severity: 'page', site: 'A', store: 'A' },
        value: 5,
      },
    ]);
    const told = findingOfAlert('o', { file: 'f.yml', group: 'g' }, rule, alert!, 'firing', 9000);
    expect(told).toMatchObject({
      severity: 'critical',
      title: 'Down at A (store A)',
      summary: 'A is 0',
      sinceMs: 5000,
    });
  });

  it('keeps alerts while its query fails', async () => {
    const rule = alerting('{alert: Down, expr: up == 0}');
    const memory = newMemory();
    const first = await evaluateRule(rule, memory, group, vector([{ site: 'A' }, 0]), 0, surroundings);
    memory.alerts = first.alerts;
    memory.written = first.written;
    const failing = await evaluateRule(
      rule,
      memory,
      group,
      async () => ({ ok: false, error: 'no store' }),
      60_000,
      surroundings,
    );
    expect([failing.error, failing.alerts.size, failing.resolved.length, failing.stale.length]).toEqual([
      'no store',
      1,
      0,
      2,
    ]);
  });
});

it('knows which rules read what those before them write', () => {
  const rules = rulesOf(`groups: [{name: g, rules: [
    {record: a, expr: sum(up)}, {record: b, expr: 'rate(other[5m])'}, {alert: C, expr: a + 1 > 2},
    {record: d, expr: 'count(ALERTS)'}, {record: e, expr: 'count({job="x"})'}]}]`);
  expect(readsEarlier(rules)).toEqual([false, false, true, true, true]);
});
