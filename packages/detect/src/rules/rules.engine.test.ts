import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import type { Control, Organisation, Rule, RuleValues } from '@sightline/control';
import { testServers, type TestServer } from '@sightline/control/testing';
import type { TelemetryReads } from '@sightline/query';
import { InMemoryEngine } from '@sightline/query/promql/testing';
import type { Finding } from '@sightline/record';
import { type EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { StoreError } from '@sightline/store/port';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { feedbackRule } from '../rule-types/feedback/feedback.ts';
import { issuesRule } from '../rule-types/issues/issues.ts';
import { newPatternRule } from '../rule-types/new-pattern/new-pattern.ts';
import { checkRule } from './check-rule.ts';
import { planQuestions } from './plan.ts';
import { previewRule } from './preview.ts';
import { RuleRunner } from './rule-runner.ts';
import { readyRules } from './ready-rules.ts';

let store: EmbeddedStore;
let server: TestServer;
let folder: string;
let token = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-detect-'));
  const started = testServers[0];
  if (!started) throw new Error('no PostgreSQL');
  [store, server] = await Promise.all([openMigratedStore(folder), started.start()]);
});
afterAll(async () => {
  await store.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A world at a standstill: its clock moves when told, its organisation is new, its findings lie in an array. */
class World {
  readonly clock = new ManualClock(Math.floor(Date.now() / 60_000) * 60_000);
  readonly found: Finding[] = [];
  readonly control: Control;
  readonly organisation: Organisation;
  readonly #counters = new Set<string>();
  runner: RuleRunner;
  sinkFails = false;
  /** The engine, but queries that bind this text fail as it would: what it refuses is otherwise refused before. */
  poison = '';
  /** The engine is away. */
  away = false;
  /** How long what was received waits for its table. */
  lagMs = 0;
  readonly samples = new InMemoryEngine();
  readonly reader: TelemetryReads = {
    query: (sql, parameters, limits) =>
      this.away
        ? Promise.reject(new StoreError('unavailable', 'away'))
        : this.poison !== '' &&
            JSON.stringify(Object.values(parameters ?? {}), (_, v: unknown) =>
              typeof v === 'bigint' ? String(v) : v,
            ).includes(this.poison)
          ? Promise.reject(new StoreError('bad-data', 'refused', 427))
          : store.query(sql, parameters, limits),
    stream: (sql, parameters, limits) => store.stream(sql, parameters, limits),
    metrics: this.samples,
  };

  constructor(control: Control, organisation: Organisation, clock: ManualClock) {
    this.clock = clock;
    this.control = control;
    this.organisation = organisation;
    this.runner = this.newRunner();
  }

  newRunner(): RuleRunner {
    return new RuleRunner({
      control: this.control,
      reader: this.reader,
      sink: {
        accept: async (findings) => {
          if (this.sinkFails) throw new Error('the sink does not answer');
          this.found.push(...findings);
          return Promise.resolve();
        },
      },
      clock: this.clock,
      logger: silentLogger,
      lagMs: () => this.lagMs,
    });
  }

  async rule(values: Partial<RuleValues>): Promise<Rule> {
    const made = await this.control.detect.rules.create(
      this.organisation.id,
      {
        name: 'Errors',
        description: '',
        type: 'threshold',
        settings: {},
        severity: 'high',
        enabled: true,
        policy: '',
        runbook: '',
        labels: {},
        everyMs: 10_000,
        forMs: 0,
        ...values,
      },
      'ann',
    );
    if (!made.ok) throw new Error(made.error.message);
    return made.value;
  }

  /** Time passes, second by second where evaluations are due. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 5000) {
      this.clock.advance(Math.min(5000, left));
      await this.runner.look();
      await this.runner.settled();
    }
  }

  /** What was told of the rule since the last time: `firing STORE_001`. */
  told(rule: Rule): string[] {
    const told = this.found
      .filter((f) => f.sourceId === rule.id)
      .map((f) => `${f.state} ${f.labels['site'] ?? f.labels['alert'] ?? '-'}`);
    this.found.length = 0;
    return told.sort();
  }

  async logs(
    count: number,
    { site = 'STORE_001', severity = 17, body = 'payment failed', agoMs = 10_000, attrs = {} } = {},
  ): Promise<void> {
    const at = BigInt(this.clock.now() - agoMs) * 1_000_000n;
    await store.execute(
      `INSERT INTO logs (organisation, site, service, ts, received_at, severity, body, attrs)
       SELECT {organisation:String}, {site:String}, 'orders', fromUnixTimestamp64Nano({at:Int64}), fromUnixTimestamp64Nano({at:Int64}), {severity:UInt8}, {body:String}, {attrs:Map(String, String)} FROM numbers({count:UInt32})`,
      { organisation: this.organisation.id, site, at, severity, body, count, attrs: new Map(Object.entries(attrs)) },
      { settings: { insert_deduplication_token: `t${token++}` } },
    );
  }

  /** A counter's client tells when it began: from then on it is known to have been zero. */
  point(
    metric: string,
    value: number,
    labels: Record<string, string>,
    { site = 'STORE_001', agoMs = 10_000, monotonic = 1 } = {},
  ): void {
    const atMs = this.clock.now() - agoMs;
    const all = { site, service: 'orders', ...labels };
    const key = JSON.stringify([metric, all]);
    const began = monotonic === 1 && !this.#counters.has(key) ? [[atMs - 1000, 0] as const] : [];
    this.#counters.add(key);
    this.samples.add(this.organisation.id, metric, all, [...began, [atMs, value]]);
  }
}

async function newWorld(): Promise<World> {
  const clock = new ManualClock(Math.floor(Date.now() / 60_000) * 60_000);
  const control = await server.freshControl(clock);
  const made = await control.organisations.ensure(`Stores ${token++}`);
  if (!made.ok) throw new Error(made.error.message);
  return new World(control, made.value, clock);
}

const errorsAbove = (threshold: number, more: Record<string, unknown> = {}) => ({
  source: { kind: 'records', table: 'logs', query: 'severity:>=error', measure: 'count' },
  windowMs: 60_000,
  operator: '>',
  threshold,
  by: ['site'],
  ...more,
});

describe('rules', () => {
  let world: World;
  beforeEach(async () => {
    world = await newWorld();
    return async () => {
      await world.runner.close();
      await world.control.close();
    };
  });

  it('find each group beyond the limit once, and say when it is over', async () => {
    const rule = await world.rule({
      name: 'Many errors',
      settings: errorsAbove(5),
      runbook: 'Call them',
      labels: { team: 'shops' },
    });
    await world.logs(6, { site: 'STORE_001' });
    await world.logs(5, { site: 'STORE_002' });
    await world.pass(15_000);
    const [finding] = world.found.filter((f) => f.sourceId === rule.id);
    expect(finding).toMatchObject({
      state: 'firing',
      title: 'Many errors at STORE_001',
      summary: '6 in 1 min, limit 5',
      labels: { site: 'STORE_001', team: 'shops' },
      value: 6,
      threshold: 5,
      severity: 'high',
      runbook: 'Call them',
    });
    expect(finding?.link).toMatch(/^\/logs\?q=severity:.*error&site=STORE_001&from=\d+&to=\d+$/);
    expect(world.told(rule)).toEqual(['firing STORE_001']);
    await world.pass(20_000);
    expect(world.told(rule)).toEqual([]);
    await world.pass(90_000);
    expect(world.told(rule)).toEqual(['resolved STORE_001']);
    expect(await world.control.detect.ruleStates.ofRule(world.organisation.id, rule.id, 10)).toEqual([]);
  });

  it('wait for their `for`, which survives that the server is killed', async () => {
    const rule = await world.rule({ settings: errorsAbove(0, { windowMs: 600_000 }), forMs: 60_000 });
    await world.logs(1);
    await world.pass(20_000);
    expect(world.told(rule)).toEqual([]);
    expect(await world.control.detect.ruleStates.ofRule(world.organisation.id, rule.id, 10)).toMatchObject([
      { state: 'pending' },
    ]);
    // Nobody gives the shards back: they run out.
    world.runner = world.newRunner();
    await world.pass(30_000);
    expect(world.told(rule)).toEqual([]);
    await world.pass(30_000);
    expect(world.told(rule)).toEqual(['firing STORE_001']);
  });

  it('tell a firing group again after a restart, and resolve what ended meanwhile', async () => {
    const rule = await world.rule({ settings: errorsAbove(0) });
    await world.logs(1);
    await world.pass(15_000);
    expect(world.told(rule)).toEqual(['firing STORE_001']);
    world.runner = world.newRunner();
    await world.pass(30_000);
    expect(world.told(rule)).toEqual(['firing STORE_001']);
    world.runner = world.newRunner();
    world.clock.advance(120_000);
    await world.pass(60_000);
    expect(world.told(rule)).toEqual(['resolved STORE_001']);
  });

  it('tell again when the sink did not answer', async () => {
    const rule = await world.rule({ settings: errorsAbove(0, { windowMs: 600_000 }) });
    await world.logs(1);
    world.sinkFails = true;
    world.clock.advance(10_000);
    await world.runner.look();
    const settled = world.runner.settled();
    const moving = setInterval(() => world.clock.advance(1000), 20);
    await settled;
    clearInterval(moving);
    expect(await world.control.detect.ruleStates.ofRule(world.organisation.id, rule.id, 10)).toEqual([]);
    world.sinkFails = false;
    await world.pass(15_000);
    expect(world.told(rule)).toEqual(['firing STORE_001']);
  });

  it('resolve what they found when they are disabled or deleted', async () => {
    const { rules } = world.control.detect;
    const one = await world.rule({ name: 'One', settings: errorsAbove(0, { windowMs: 600_000 }) });
    const two = await world.rule({ name: 'Two', settings: errorsAbove(0, { windowMs: 600_000 }) });
    await world.logs(1);
    await world.pass(15_000);
    world.found.length = 0;
    await rules.setEnabled(world.organisation.id, one.id, false, 'ann');
    await rules.remove(world.organisation.id, two.id, 'ann');
    await world.pass(15_000);
    expect(world.found.map((f) => `${f.sourceId} ${f.state}`).sort()).toEqual(
      [`${one.id} resolved`, `${two.id} resolved`].sort(),
    );
    expect(await rules.find(world.organisation.id, two.id)).toBeUndefined();
    world.found.length = 0;
    await rules.setEnabled(world.organisation.id, one.id, true, 'ann');
    await world.pass(15_000);
    expect(world.told(one)).toEqual(['firing STORE_001']);
  });

  it('judge a share by its sample, and by site and words of the search', async () => {
    const share = (query: string) => ({
      source: { kind: 'records', table: 'logs', query, measure: 'share', of: '' },
      windowMs: 60_000,
      operator: '>',
      threshold: 10,
      by: ['site'],
      leastSample: 10,
    });
    const rule = await world.rule({ name: 'Timeouts', settings: share('timeout') });
    await world.logs(2, { site: 'STORE_001', body: 'a timeout' });
    await world.logs(18, { site: 'STORE_001', severity: 9 });
    await world.logs(2, { site: 'STORE_002', body: 'a timeout' });
    await world.logs(3, { site: 'STORE_002', severity: 9 });
    await world.logs(20, { site: 'STORE_003', severity: 9 });
    await world.pass(15_000);
    expect(world.told(rule)).toEqual([]);
    await world.logs(1, { site: 'STORE_001', body: 'a timeout' });
    await world.pass(10_000);
    expect(world.found.find((f) => f.sourceId === rule.id)?.summary).toBe('14.3 % of 21 in 1 min, limit 10 %');
    expect(world.told(rule)).toEqual(['firing STORE_001']);
  });

  it('are told although a group is called what PostgreSQL cannot store', async () => {
    const strange = await world.rule({ name: 'By order', settings: errorsAbove(0, { by: ['order.id'] }) });
    const plain = await world.rule({ name: 'By site', settings: errorsAbove(0) });
    await world.logs(1, { attrs: { 'order.id': 'a\0b' } });
    await world.pass(15_000);
    expect(world.found.find((f) => f.sourceId === strange.id)?.labels).toEqual({ 'order.id': 'a\uFFFDb' });
    expect(world.told(plain)).toEqual(['firing STORE_001']);
    world.runner = world.newRunner();
    await world.pass(90_000);
    expect(world.found.find((f) => f.sourceId === strange.id && f.state === 'resolved')?.labels).toEqual({
      'order.id': 'a\uFFFDb',
    });
  });

  it('group by attributes, whose names never become SQL', async () => {
    const rule = await world.rule({ settings: errorsAbove(0, { by: ['order.id', 'a:b'] }) });
    await world.logs(1, { attrs: { 'order.id': "x' OR 1", 'a:b': '{c:String}' } });
    await world.pass(15_000);
    expect(world.found.find((f) => f.sourceId === rule.id)?.labels).toEqual({
      'order.id': "x' OR 1",
      'a:b': '{c:String}',
    });
  });

  it('count nothing as zero where there are no groups', async () => {
    const rule = await world.rule({
      name: 'No sync',
      settings: {
        ...errorsAbove(1, { by: [], operator: '<' }),
        source: { kind: 'records', table: 'logs', query: 'site:STORE_009 acknowledged', measure: 'count' },
      },
    });
    await world.pass(15_000);
    expect(world.found.find((f) => f.sourceId === rule.id)).toMatchObject({
      title: 'No sync at STORE_009',
      labels: { site: 'STORE_009' },
      value: 0,
    });
  });

  it('hear a store fall silent, keep it silent however long, and hear it again', async () => {
    const rule = await world.rule({
      name: 'Silent',
      type: 'absence',
      settings: { table: 'any', query: '', by: ['site'], silentMs: 120_000, lookbackMs: 600_000 },
    });
    await world.logs(1, { site: 'STORE_001', severity: 9, agoMs: 0 });
    await world.logs(1, { site: 'STORE_002', severity: 9, agoMs: 0 });
    await world.pass(90_000);
    await world.logs(1, { site: 'STORE_001', severity: 9, agoMs: 0 });
    expect(world.told(rule)).toEqual([]);
    await world.pass(60_000);
    expect(world.told(rule)).toEqual(['firing STORE_002']);
    await world.logs(1, { site: 'STORE_001', severity: 9, agoMs: 0 });
    await world.pass(60_000);
    await world.logs(1, { site: 'STORE_002', severity: 9, agoMs: 0 });
    await world.pass(60_000);
    expect(world.told(rule)).toEqual(['resolved STORE_002']);
  });

  it('do not blame the stores for a time in which nobody watched', async () => {
    const rule = await world.rule({
      name: 'Silent',
      type: 'absence',
      settings: { table: 'any', query: '', by: ['site'], silentMs: 120_000, lookbackMs: 600_000 },
    });
    await world.logs(1, { severity: 9, agoMs: 0 });
    await world.pass(10_000);
    world.clock.advance(300_000);
    world.runner = world.newRunner();
    await world.pass(60_000);
    expect(world.told(rule)).toEqual([]);
    await world.pass(90_000);
    expect(world.told(rule)).toEqual(['firing STORE_001']);
  });

  it.each<[string, (world: World, is: boolean) => void]>([
    ['the store was away', (world, is) => void (world.away = is)],
    ['what was received waited for its table', (world, is) => void (world.lagMs = is ? 60_000 : 0)],
  ])('do not blame the stores for a time in which %s', async (_, happens) => {
    const settings = { query: '', by: ['site'], silentMs: 120_000, lookbackMs: 1_200_000 };
    const any = await world.rule({ name: 'Silent', type: 'absence', settings: { ...settings, table: 'any' } });
    const records = await world.rule({ name: 'No logs', type: 'absence', settings: { ...settings, table: 'logs' } });
    const told = (): string[] => {
      const found = world.found.filter(({ sourceId }) => [any.id, records.id].includes(sourceId));
      world.found.length = 0;
      return found.map(({ state }) => state);
    };
    for (let n = 0; n < 5; n++) {
      await world.logs(1, { severity: 9, agoMs: 0 });
      await world.pass(60_000);
    }
    happens(world, true);
    await world.pass(300_000);
    happens(world, false);
    await world.pass(60_000);
    expect(told()).toEqual([]);
    // Nothing came since all is well again: that is silence.
    await world.pass(120_000);
    expect(told()).toEqual(['firing', 'firing']);
  });

  it('see payments fail from the first failure a counter ever had', async () => {
    const ready = readyRules.find((one) => one.ready === 'payment-failures');
    const rule = await world.rule({ ...ready, name: 'Payments' });
    world.point('payment_attempts_total', 20, { outcome: 'success' }, { agoMs: 200_000 });
    world.point('payment_attempts_total', 27, { outcome: 'success' }, { agoMs: 20_000 });
    await world.pass(15_000);
    expect(world.told(rule)).toEqual([]);
    world.point('payment_attempts_total', 3, { outcome: 'failure' });
    await world.pass(10_000);
    expect(world.found.find((f) => f.sourceId === rule.id)).toMatchObject({
      summary: '30 % of 10 in 3 min, limit 10 %',
      title: 'Payments at STORE_001',
    });
  });

  const about = (rule: Rule) =>
    world.found.filter((f) => f.sourceId === rule.id).map((f) => `${f.title}: ${f.summary}`);

  it('take a percentile of spans and of an attribute, judged by a least sample', async () => {
    const at = BigInt(world.clock.now() - 10_000) * 1_000_000n;
    await store.execute(
      `INSERT INTO spans (organisation, site, service, ts, received_at, kind, duration_ns, attrs)
       SELECT {o:String}, if(number < 40, 'STORE_001', 'STORE_002'), 'orders', fromUnixTimestamp64Nano({at:Int64}), fromUnixTimestamp64Nano({at:Int64}), 2,
         toUInt64(3000000000), map('basket.size', toString(number % 40)) FROM numbers(45)`,
      { o: world.organisation.id, at },
      { settings: { insert_deduplication_token: `t${token++}` } },
    );
    const percentile = (field: string, threshold: number) => ({
      ...errorsAbove(threshold, { leastSample: 20 }),
      source: { kind: 'records', table: 'spans', query: 'kind:server', measure: 'percentile', field, percentile: 95 },
    });
    const slow = await world.rule({ name: 'Slow', settings: percentile('duration', 2000) });
    const large = await world.rule({ name: 'Large', settings: percentile('basket.size', 30) });
    await world.pass(15_000);
    expect(about(slow)).toEqual(['Slow at STORE_001: 3 s of 40 records in 1 min, limit 2 s']);
    expect(about(large)).toHaveLength(1);
  });

  it('count long windows by whole minutes from the volumes', async () => {
    const rule = await world.rule({ name: 'Hour', settings: errorsAbove(9, { windowMs: 3_600_000 }) });
    for (const minutesAgo of [50, 30, 10, 5, 1]) await world.logs(2, { agoMs: minutesAgo * 60_000 });
    await world.logs(5, { site: 'STORE_002', agoMs: 3_000_000, severity: 9 });
    await world.pass(15_000);
    expect(about(rule)).toEqual(['Hour at STORE_001: 10 in 1 h, limit 9']);
  });

  it('average levels of metrics by their labels, and know the machines of a site', async () => {
    for (const [pool, value] of [
      ['a', 0.5],
      ['a', 0.7],
      ['b', 0.9],
    ] as const)
      world.point('pool_used', value, { pool }, { agoMs: 5000 + value * 10_000, monotonic: 0 });
    for (const state of ['idle', 'user'])
      world.point('system_cpu_utilization_ratio', state === 'idle' ? 0.95 : 0.05, { state }, { monotonic: 0 });
    world.point('system_filesystem_utilization_ratio', 0.95, { mountpoint: '/' }, { monotonic: 0 });
    const level = (source: Record<string, unknown>, threshold: number, by: string[]) => ({
      source,
      windowMs: 60_000,
      operator: '>',
      threshold,
      by,
    });
    const pools = await world.rule({
      name: 'Pool',
      settings: level({ kind: 'metric', metrics: ['pool.used'], aggregate: 'avg' }, 0.65, ['pool']),
    });
    const cpu = await world.rule({ name: 'CPU', settings: level({ kind: 'vital', vital: 'cpu' }, 50, ['site']) });
    const disk = await world.rule({ name: 'Disk', settings: level({ kind: 'vital', vital: 'disk' }, 90, ['site']) });
    await world.pass(15_000);
    expect(about(pools)).toEqual(['Pool (pool b): 0.9 in 1 min, limit 0.65']);
    expect(about(cpu)).toEqual([]);
    expect(about(disk)).toEqual(['Disk at STORE_001: 95 %, limit 90 %']);
  });

  it('see a kind of record fall silent where it was usual', async () => {
    const rule = await world.rule({
      name: 'No sync',
      type: 'absence',
      settings: { table: 'logs', query: 'acknowledged', by: ['site'], silentMs: 60_000, lookbackMs: 3_600_000 },
    });
    await world.logs(1, { site: 'STORE_001', body: 'batch acknowledged', severity: 9, agoMs: 5000 });
    await world.logs(1, { site: 'STORE_002', body: 'something else', severity: 9, agoMs: 5000 });
    await world.pass(30_000);
    expect(world.told(rule)).toEqual([]);
    await world.pass(60_000);
    expect(world.told(rule)).toEqual(['firing STORE_001']);
    await world.logs(1, { site: 'STORE_001', body: 'batch acknowledged', severity: 9, agoMs: 0 });
    await world.pass(50_000);
    expect(world.told(rule)).toEqual(['resolved STORE_001']);
  });

  it('see through what cannot be evaluated: it is told, and costs its neighbours nothing', async () => {
    const bad = await world.rule({
      name: 'Bad',
      settings: {
        ...errorsAbove(0),
        source: { kind: 'records', table: 'logs', query: '/(((a{1,300}){1,300}){1,300})/', measure: 'count' },
      },
    });
    const wordy = await world.rule({
      name: 'Wordy',
      settings: { ...errorsAbove(0), source: { kind: 'records', table: 'logs', query: 'payment', measure: 'count' } },
    });
    const unknown = await world.rule({ name: 'Unknown', type: 'moon-phase' });
    await world.logs(1, { agoMs: 0 });
    await world.pass(20_000);
    expect(world.told(wordy)).toEqual(['firing STORE_001']);
    const kept = await world.control.detect.rules.find(world.organisation.id, bad.id);
    expect(kept?.lastError).toMatch(/repetitions/);
    await world.pass(200_000);
    expect(
      world.found
        .filter((f) => f.labels['alert'])
        .map((f) => `${f.sourceId} ${f.title}`)
        .sort(),
    ).toEqual([`${bad.id} Rule "Bad" cannot be evaluated`, `${unknown.id} Rule "Unknown" cannot be evaluated`].sort());
  });

  it('find the one question that fails among many, and let it rest', async () => {
    const words = Array.from({ length: 9 }, (_, i) => `word${i}`);
    const rules = [];
    for (const word of words)
      rules.push(
        await world.rule({
          name: word,
          settings: {
            ...errorsAbove(0, { windowMs: 600_000 }),
            source: { kind: 'records', table: 'logs', query: word, measure: 'count' },
          },
        }),
      );
    await world.logs(1, { body: words.join(' ') });
    world.poison = 'word4';
    await world.pass(15_000);
    const found = world.found.map((finding) => finding.title);
    expect(found.sort()).toEqual(words.filter((word) => word !== 'word4').map((word) => `${word} at STORE_001`));
    const queriesAt = (): number => Number(/queries_total (\d+)/.exec(world.runner.metrics())?.[1]);
    const before = queriesAt();
    await world.pass(20_000);
    // Two evaluations of one batch each; what failed rests. The ready rules ask at the same time.
    expect(queriesAt() - before).toBeLessThan(30);
    world.poison = '';
    await world.pass(90_000);
    expect(world.found.some((finding) => finding.title === 'word4 at STORE_001')).toBe(true);
    expect(await world.control.detect.rules.find(world.organisation.id, rules[4]?.id ?? '')).toMatchObject({
      lastError: '',
    });
  });

  it('come ready, once', async () => {
    await world.pass(5000);
    const { rules } = world.control.detect;
    const listed = await rules.list(world.organisation.id);
    expect(listed.map((rule) => rule.ready).sort()).toEqual(readyRules.map((rule) => rule.ready).sort());
    const [first] = listed;
    if (!first) throw new Error('none');
    await rules.remove(world.organisation.id, first.id, 'ann');
    world.runner = world.newRunner();
    await world.pass(30_000);
    expect(await rules.list(world.organisation.id)).toHaveLength(readyRules.length - 1);
    expect((await rules.list(world.organisation.id)).every((rule) => rule.lastError === '')).toBe(true);
  });

  it('are shared by two servers, each organisation watched by one', async () => {
    const rule = await world.rule({ settings: errorsAbove(0, { windowMs: 600_000 }) });
    const other = world.newRunner();
    await world.logs(1);
    for (let i = 0; i < 8; i++) {
      world.clock.advance(5000);
      await Promise.all([world.runner.look(), other.look()]);
      await Promise.all([world.runner.settled(), other.settled()]);
    }
    expect(world.told(rule).length).toBeLessThanOrEqual(2);
    const shards = [world.runner, other].map((one) => Number(/rule_shards (\d+)/.exec(one.metrics())?.[1]));
    expect(shards).toEqual([8, 8]);
    await other.close();
  });
});

describe('rules about new patterns of log lines', () => {
  const settings = { query: '', level: 'warn', windowMs: 120_000, least: 2, days: 7 };
  let world: World;
  let rule: Rule;
  beforeEach(async () => {
    world = await newWorld();
    Object.assign(world.reader, { templates: world.control.detect.templates });
    world.runner = world.newRunner();
    rule = await world.rule({ name: 'New line', type: 'new-pattern', settings });
    return async () => {
      await world.runner.close();
      await world.control.close();
    };
  });
  const told = (): string[] => {
    const lines = world.found
      .filter(({ sourceId }) => sourceId === rule.id)
      .map(({ state, labels, summary }) => `${state} ${labels['pattern'] ?? '?'} | ${summary}`);
    world.found.length = 0;
    return lines;
  };

  it('tell what comes for the first time, with its count, its sites and its first line', async () => {
    await world.logs(5, { body: 'Printer 7 is out of paper' });
    await world.pass(15_000);
    expect(told(), 'what is there at the beginning is known').toEqual([]);
    await world.logs(1, { body: 'Drawer 12 jammed: spring broken', site: 'STORE_002' });
    await world.logs(3, { body: 'Printer 9 is out of paper', site: 'STORE_009' });
    await world.logs(9, { body: 'Heartbeat 5 sent to 10.0.0.1', severity: 9 });
    await world.pass(15_000);
    expect(told(), 'fewer than the least').toEqual([]);
    await world.logs(1, { body: 'Drawer 13 jammed: spring broken', site: 'STORE_003' });
    await world.pass(15_000);
    expect(told()).toEqual([
      'firing Drawer <_> jammed: spring broken | 2 lines in 2 min, not seen for 7 days before, limit 2; ' +
        'at STORE_002, STORE_003; orders; first line: Drawer 12 jammed: spring broken',
    ]);
  });

  it('end when the lines are no longer new, and know the template ever after, through a restart', async () => {
    await world.pass(15_000);
    await world.logs(4, { body: 'Scale 4 lost its zero' });
    await world.pass(15_000);
    expect(told()).toHaveLength(1);
    await world.runner.close();
    world.runner = world.newRunner();
    await world.pass(200_000);
    const after = told();
    expect(after.at(-1)).toMatch(/^resolved Scale <_> lost its zero/);
    await world.logs(4, { body: 'Scale 8 lost its zero' });
    await world.pass(20_000);
    expect(told()).toEqual([]);
  });

  it('ask the store about what memory does not hold', async () => {
    await world.pass(15_000);
    await world.logs(1, { body: 'Scanner 3 reset after 20 ms', agoMs: 3 * 86_400_000 });
    await world.logs(1, { body: 'Scanner of till reset after power cut', agoMs: 3 * 86_400_000 });
    await world.logs(1, { body: 'Lamp 1 broken', agoMs: 9 * 86_400_000 });
    await world.logs(3, { body: 'Scanner 4 reset after 30 ms' });
    await world.logs(3, { body: 'Lamp 2 broken' });
    await world.pass(15_000);
    expect(told().map((line) => line.split(' | ')[0])).toEqual(['firing Lamp <_> broken']);
  });

  it('are tried out without remembering', async () => {
    await world.logs(5, { body: 'Printer 7 is out of paper' });
    const checked = checkRule('new-pattern', settings);
    if (!checked.ok) throw new Error('refused');
    const asked = {
      organisation: world.organisation.id,
      name: 'New',
      rule: checked.value,
      forMs: 0,
      everyMs: 60_000,
      hours: 1,
    };
    const shown = await previewRule(world, asked);
    expect(shown).toMatchObject({
      ok: true,
      value: { now: [{ labels: { pattern: 'Printer <_> is out of paper' }, value: 5 }] },
    });
    expect(await previewRule(world, asked), 'again the same').toEqual(shown);
  });

  it.each([
    [{ query: 'a AND (' }, 'query'],
    [{ level: 'loud' }, 'level'],
    [{ days: 0 }, 'days'],
  ])('refuse %j', (fault, field) => {
    expect(checkRule('new-pattern', { ...settings, ...fault })).toMatchObject({ ok: false, error: [{ field }] });
  });

  it('link to the lines of the pattern', () => {
    const link = newPatternRule.link(
      { ...settings, query: 'site:A OR site:B' },
      { pattern: 'Drawer <_> jammed: "hard"' },
      { fromMs: 1, toMs: 2 },
    );
    expect(Object.fromEntries(new URL(link, 'http://x').searchParams)).toEqual({
      q: '(site:A OR site:B) severity:>=warn "jammed: \\"hard" "Drawer"',
      view: 'patterns',
      from: '1',
      to: '2',
    });
  });
});

describe('rules about issues', () => {
  const hex = (issue: number): string => issue.toString(16).padStart(16, '0');
  async function threw(world: World, issue: number, events: number, agoMs: number): Promise<void> {
    await store.execute(
      `INSERT INTO errors (organisation, project, site, service, environment, release, ts, received_at, event_id, issue, severity, type, message)
      SELECT {organisation:String}, 1, 'STORE_001', 'till', 'production', '1.0.0', fromUnixTimestamp64Milli({at:Int64}) AS at, at,
        toString(generateUUIDv4(number)), {issue:UInt64}, 17, 'PaymentError', 'declined' FROM numbers({events:UInt32})`,
      { organisation: world.organisation.id, at: world.clock.now() - agoMs, issue: BigInt(issue), events },
      { settings: { insert_deduplicate: 0 } },
    );
  }
  const found = async (world: World, settings: Record<string, unknown>): Promise<string[]> => {
    const batch = planQuestions(issuesRule.questions(issuesRule.settings.parse({ windowMs: 600_000, ...settings })));
    const answers = await batch[0]?.ask(
      { ...world.reader, issues: (organisation) => decisionsOf(world.control, organisation) },
      { organisation: world.organisation.id, endMs: world.clock.now() },
      {},
    );
    return [...(answers?.values() ?? [])].flatMap((answer) =>
      issuesRule
        .judge(settings, [answer], { endMs: 0, watchingSinceMs: 0 })
        .map(({ labels, value }) => `${Number.parseInt(labels['issue'] ?? '', 16)}:${value}`),
    );
  };
  const decisionsOf = async (control: Control, organisation: string) => ({
    decisions: await control.issueStates.list(organisation),
    merged: new Map((await control.issues.merges.list(organisation)).map(({ issue, into }) => [issue, into])),
  });

  it('tell what is new, what came back and what spikes', async () => {
    const world = await newWorld();
    const { control, organisation } = world;
    await threw(world, 1, 3, 60_000);
    await threw(world, 2, 2, 30 * 60_000);
    await threw(world, 2, 12, 60_000);
    await threw(world, 3, 6, 3_600_000);
    await threw(world, 3, 1, 60_000);
    expect(await found(world, { what: 'new' })).toEqual(['1:3']);
    expect(await found(world, { what: 'new', least: 4 })).toEqual([]);
    expect(await found(world, { what: 'new', query: 'site:STORE_002' })).toEqual([]);
    expect(await found(world, { what: 'spiking', least: 3, times: 5 })).toEqual(['2:12', '1:3']);
    expect(await found(world, { what: 'regressed' })).toEqual([]);
    world.clock.advance(-20 * 60_000);
    await control.issueStates.change(organisation.id, hex(3), { status: 'resolved' }, 'ann');
    await control.issueStates.change(organisation.id, hex(1), { status: 'ignored' }, 'ann');
    world.clock.advance(20 * 60_000);
    expect(await found(world, { what: 'regressed' })).toEqual(['3:1']);
    expect(await found(world, { what: 'new' }), 'what is archived is quiet').toEqual([]);
    expect(issuesRule.link({}, { issue: hex(3) }, { fromMs: 1, toMs: 2 })).toBe(`/errors/${hex(3)}?from=1&to=2`);
    expect(issuesRule.summary({ what: 'new', windowMs: 600_000, least: 1 }, { value: 1 })).toBe(
      '1 event in 10 min, never seen before, limit 1',
    );
    await control.close();
  });
  it('know in the runner what people decided', async () => {
    const world = await newWorld();
    const { control, organisation } = world;
    Object.assign(world.reader, { issues: (id: string) => decisionsOf(control, id) });
    world.runner = world.newRunner();
    const rule = await world.rule({ type: 'issues', settings: { what: 'regressed', windowMs: 600_000 } });
    await control.issueStates.change(organisation.id, hex(9), { status: 'resolved' }, 'ann');
    world.clock.advance(60_000);
    await threw(world, 9, 2, 10_000);
    await world.pass(15_000);
    expect(world.found.filter((f) => f.sourceId === rule.id).map((f) => f.labels['issue'])).toEqual([hex(9)]);
    await world.runner.close();
    await control.close();
  });
  it.each(['is:blue', 'is:new OR x', 'a AND ('])('refuse the search %s', (query) => {
    expect(issuesRule.check(issuesRule.settings.parse({ what: 'new', query }))).toMatchObject([{ field: 'query' }]);
  });
});

describe('rules about feedback', () => {
  async function wrote(world: World, id: string, agoMs: number, more: Record<string, string> = {}): Promise<void> {
    const {
      organisation = world.organisation.id,
      site = 'STORE_001',
      message = `the ${id} hangs`,
      name = 'Ana',
    } = more;
    await store.execute(
      `INSERT INTO feedback (organisation, site, service, environment, ts, event_id, name, message)
      SELECT {organisation:String}, {site:String}, 'till', 'production', fromUnixTimestamp64Milli({at:Int64}), {id:String}, {name:String}, {message:String}`,
      { organisation, site, id, name, message, at: world.clock.now() - agoMs },
      { settings: { insert_deduplicate: 0 } },
    );
  }
  it('tell each new message once, until somebody deals with it', async () => {
    const world = await newWorld();
    const { control, organisation } = world;
    Object.assign(world.reader, {
      feedback: async (...range: [string, number, number]) => (await control.feedback.written(...range)).states,
    });
    world.runner = world.newRunner();
    const rule = await world.rule({
      type: 'feedback',
      settings: { words: 'HANGS', where: { site: 'STORE_001' }, windowMs: 600_000 },
    });
    await wrote(world, 'printer', 60_000, { name: '' });
    await wrote(world, 'scale', 30_000, { message: `it  hangs\n${'x'.repeat(400)}` });
    await wrote(world, 'old', 700_000);
    await wrote(world, 'praise', 60_000, { message: 'all well' });
    await wrote(world, 'elsewhere', 60_000, { site: 'STORE_002' });
    await wrote(world, 'foreign', 60_000, { organisation: 'rival' });
    await control.feedback.change(
      organisation.id,
      [{ id: 'dealt', at: world.clock.now() - 60_000 }],
      { status: 'spam' },
      'ann',
    );
    await wrote(world, 'dealt', 60_000);
    await world.pass(15_000);
    const told = () =>
      world.found
        .filter(({ sourceId }) => sourceId === rule.id)
        .map(({ state, labels }) => `${state} ${labels['feedback']}`)
        .toSorted();
    expect(told()).toEqual(['firing printer', 'firing scale']);
    const printer = world.found.find(({ labels }) => labels['feedback'] === 'printer');
    expect(printer).toMatchObject({
      summary: 'Somebody: “the printer hangs”',
      labels: { site: 'STORE_001', service: 'till' },
      link: expect.stringMatching(/^\/feedback\?status=all&feedback=printer&from=\d+&to=\d+$/),
    });
    expect(world.found.find(({ labels }) => labels['feedback'] === 'scale')?.summary).toBe(
      `Ana: “it hangs ${'x'.repeat(291)}…”`,
    );
    await control.feedback.change(
      organisation.id,
      [{ id: 'printer', at: world.clock.now() }],
      { status: 'resolved' },
      'ann',
    );
    await world.pass(120_000);
    expect(told().filter((one) => one.startsWith('resolved'))).toEqual(['resolved printer']);
    await world.runner.close();
    await control.close();
  });
  it('refuse a place that is none', () => {
    expect(feedbackRule.settings.safeParse({ where: { till: '7' } }).success).toBe(false);
    expect(feedbackRule.settings.parse({})).toEqual({
      words: '',
      where: { site: '', service: '', environment: '' },
      windowMs: 600_000,
    });
  });
});
