import { describe, expect, it } from 'vitest';
import { fingerprint } from './fingerprint.ts';
import { readMatcher } from './matchers.ts';
import { type AlertScope, findingOf, type PostedAlert } from './posted-alerts.ts';

const nowMs = Date.UTC(2027, 0, 15, 8);
const scope: AlertScope = { organisation: 'org_1', site: '', isSite: (code) => code === 'STORE_047', nowMs };
const iso = (ms: number): string => new Date(ms).toISOString();
const posted = (labels: Record<string, string>, more: Partial<PostedAlert> = {}): PostedAlert => ({ labels, ...more });
function finding(labels: Record<string, string>, more: Partial<PostedAlert> = {}, of: Partial<AlertScope> = {}) {
  const read = findingOf(posted(labels, more), { ...scope, ...of });
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

describe('fingerprints', () => {
  // The first two from model/signature_test.go of prometheus/common.
  it.each([
    [{}, 'cbf29ce484222325'],
    [{ name: 'garland, briggs', fear: 'love is not enough' }, 5_799_056_148_416_392_346n.toString(16)],
    [{ b: '1', a: '2' }, undefined],
  ])('%o', (labels, expected) => {
    const found = fingerprint(labels);
    expect(found).toMatch(/^[0-9a-f]{16}$/);
    if (expected !== undefined) expect(found).toBe(expected);
    expect(fingerprint(Object.fromEntries(Object.entries(labels).reverse()))).toBe(found);
  });

  it('tell names from values', () => {
    expect(fingerprint({ a: 'bc' })).not.toBe(fingerprint({ ab: 'c' }));
  });
});

describe('matchers', () => {
  it.each([
    ['alertname="HighLatency"', 'alertname', 'HighLatency', false, true],
    ['alertname=HighLatency', 'alertname', 'HighLatency', false, true],
    ['site=~"STORE_.*"', 'site', 'STORE_.*', true, true],
    ['site!~STORE_.*', 'site', 'STORE_.*', true, false],
    [' team != "" ', 'team', '', false, false],
    [String.raw`text="a \"word\" and a \\"`, 'text', String.raw`a "word" and a \ `.trimEnd(), false, true],
  ])('%s', (text, name, value, isRegex, isEqual) => {
    expect(readMatcher(text)).toEqual({ ok: true, value: { name, value, isRegex, isEqual } });
  });

  it.each(['', 'site', '=x', '1a=x', 'a="b"c"', `a=${'x'.repeat(2000)}`])('refuse %s', (text) => {
    expect(readMatcher(text).ok).toBe(false);
  });
});

describe('alerts that are sent here', () => {
  it('become findings with their own labels', () => {
    expect(
      finding(
        { alertname: 'DiskFull', severity: 'page', site: 'STORE_047', instance: 'pos-1:9100' },
        {
          startsAt: iso(nowMs - 60_000),
          endsAt: iso(nowMs + 240_000),
          annotations: { summary: '3 % free', runbook_url: 'https://wiki.example/disk' },
          generatorURL: 'http://prometheus/graph',
        },
      ),
    ).toMatchObject({
      source: 'alertmanager',
      sourceId: 'DiskFull',
      state: 'firing',
      severity: 'critical',
      title: 'DiskFull at STORE_047',
      summary: '3 % free',
      labels: { alertname: 'DiskFull', severity: 'page', site: 'STORE_047', instance: 'pos-1:9100' },
      annotations: { source: 'http://prometheus/graph' },
      sinceMs: nowMs - 60_000,
      expiresAtMs: nowMs + 240_000,
      runbook: 'https://wiki.example/disk',
    });
  });

  it.each<[string, Partial<PostedAlert>, string, number | null]>([
    ['no end: over after the resolve time-out', {}, 'firing', nowMs + 300_000],
    ['Go’s zero end is no end', { endsAt: '0001-01-01T00:00:00Z' }, 'firing', nowMs + 300_000],
    ['an end to come', { endsAt: iso(nowMs + 1) }, 'firing', nowMs + 1],
    ['an end that has come', { endsAt: iso(nowMs) }, 'resolved', null],
    ['a start to come is now', { startsAt: iso(nowMs + 9000) }, 'firing', nowMs + 300_000],
  ])('%s', (_, more, state, expiresAtMs) => {
    const found = finding({ alertname: 'A' }, more);
    expect(found).toMatchObject({ state, expiresAtMs });
    expect(found.sinceMs).toBeLessThanOrEqual(nowMs);
  });

  it.each<[Record<string, string>, string, string]>([
    [{ alertname: 'A', site: 'STORE_001' }, '', 'STORE_001'],
    [{ alertname: 'A', store: 'STORE_002' }, '', 'STORE_002'],
    [{ alertname: 'A', instance: 'STORE_047:9100' }, '', 'STORE_047'],
    [{ alertname: 'A', instance: 'store-047.example.com:9100' }, '', 'STORE_047'],
    [{ alertname: 'A', instance: 'elsewhere:9100' }, '', ''],
    [{ alertname: 'A', site: 'STORE_001' }, 'STORE_009', 'STORE_009'],
  ])('%o of a key for "%s" are about "%s"', (labels, site, expected) => {
    expect(finding(labels, {}, { site }).labels['site'] ?? '').toBe(expected);
  });

  it.each<[string, PostedAlert]>([
    ['no labels', posted({})],
    ['only empty labels', posted({ alertname: '' })],
    ['a label name with a dash', posted({ 'a-b': 'x' })],
    ['a value beyond bounds', posted({ alertname: 'x'.repeat(3000) })],
    ['a value with NUL', posted({ alertname: 'a\0b' })],
    ['too many labels', posted(Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`l${n}`, 'x'])))],
    ['an end before the start', posted({ alertname: 'A' }, { startsAt: iso(nowMs), endsAt: iso(nowMs - 1) })],
  ])('are refused with %s', (_, alert) => expect(findingOf(alert, scope).ok).toBe(false));
});
