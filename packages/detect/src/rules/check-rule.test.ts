import { describe, expect, it } from 'vitest';
import { ruleTypes } from '../rule-types/all.ts';
import { checkRule } from './check-rule.ts';
import { readyRules } from './ready-rules.ts';
import { titleOf } from './finding-of.ts';

const threshold = (source: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  source,
  windowMs: 300_000,
  operator: '>',
  threshold: 5,
  ...more,
});
const logs = (query: string, more: Record<string, unknown> = {}) => ({
  kind: 'records',
  table: 'logs',
  query,
  measure: 'count',
  ...more,
});

describe('the settings of a rule', () => {
  it.each(readyRules.map((rule) => [rule.name, rule] as const))('fit: %s', (_, rule) => {
    expect(checkRule(rule.type, rule.settings)).toMatchObject({ ok: true });
  });

  it.each([
    ['a kind that is none', 'moon', {}, 'type'],
    ['nothing', 'threshold', undefined, 'settings'],
    ['a source that is none', 'threshold', threshold({ kind: 'stars' }), 'source.kind'],
    ['a search that cannot be read', 'threshold', threshold(logs('a (')), 'source.query'],
    ['a level that is none', 'threshold', threshold(logs('severity:loud')), 'source.query'],
    ['a whole that cannot be read', 'threshold', threshold(logs('a', { measure: 'share', of: '"' })), 'source.of'],
    [
      'a percentile of words',
      'threshold',
      threshold(logs('', { measure: 'percentile', field: 'body' })),
      'source.field',
    ],
    ['a window of a week', 'threshold', threshold(logs('a'), { windowMs: 604_800_000 }), 'windowMs'],
    ['a limit that is no number', 'threshold', threshold(logs('a'), { threshold: NaN }), 'threshold'],
    ['a share above all', 'threshold', threshold(logs('a', { measure: 'share' }), { threshold: 101 }), 'threshold'],
    ['six labels', 'threshold', threshold(logs('a'), { by: ['a', 'b', 'c', 'd', 'e', 'f'] }), 'by'],
    ['a label with a quote', 'threshold', threshold(logs('a'), { by: ["a'"] }), 'by.0'],
    [
      'a metric without a name',
      'threshold',
      threshold({ kind: 'metric', metrics: [], aggregate: 'avg' }),
      'source.metrics',
    ],
    ['levels by service', 'threshold', threshold({ kind: 'vital', vital: 'cpu' }, { by: ['service'] }), 'by'],
    ['a silence of seconds', 'absence', { table: 'any', silentMs: 5000 }, 'silentMs'],
    [
      'a look-back shorter than the silence',
      'absence',
      { table: 'any', silentMs: 3_600_000, lookbackMs: 3_600_000 },
      'lookbackMs',
    ],
    ['any signal by its words', 'absence', { table: 'any', query: 'timeout', silentMs: 600_000 }, 'query'],
  ])('are refused: %s', (_, type, settings, field) => {
    const checked = checkRule(type, settings);
    expect(checked.ok ? [] : checked.error.map((fault) => fault.field)).toContain(field);
    if (!checked.ok) for (const fault of checked.error) expect(fault.message.length).toBeGreaterThan(10);
  });

  it('name the place in the search', () => {
    const checked = checkRule('threshold', threshold(logs('ok severity:loud')));
    expect(!checked.ok && checked.error[0]?.position).toEqual({ from: 12, to: 16 });
  });
});

describe('words of a rule', () => {
  it.each([
    ['Payment failures', {}, { site: 'STORE_047' }, 'Payment failures at STORE_047'],
    ['Slow', {}, { site: 'A', service: 'orders', environment: 'prod' }, 'Slow at A (service orders)'],
    ['Processor failing', { team: 'x' }, { processor: 'suncard', team: 'x' }, 'Processor failing (processor suncard)'],
    ['STORE_047 is odd', {}, { site: 'STORE_047' }, 'STORE_047 is odd'],
    ['Down', {}, {}, 'Down'],
  ])('title: %s', (name, own, labels, title) => expect(titleOf(name, own, labels)).toBe(title));

  it.each(readyRules.map((rule) => [rule.ready, rule] as const))('summary and link of %s', (_, rule) => {
    const type = ruleTypes.find((one) => one.name === rule.type);
    const checked = checkRule(rule.type, rule.settings);
    if (!checked.ok || !type) throw new Error('not a rule');
    const { settings } = checked.value;
    expect(type.summary(settings, { value: 700_000, sample: 40 })).toMatch(/(limit|least|message of the last) /);
    expect(type.link(settings, { site: 'STORE_001' }, { fromMs: 1, toMs: 2 })).toMatch(
      /^\/(logs|traces|errors|metrics|feedback|sites\/STORE_001)\?.*from=1&to=2$/,
    );
  });
});
