import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { ManualClock, silentLogger } from '@sightline/base';
import type { LedgerEntry, ReceivedSeries } from '@sightline/record';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { decodeWriteRequest2 } from '../metric-formats/index.ts';
import type { Frame, Refusal } from '../protocol.ts';
import { StatsdAggregator } from './aggregator.ts';
import { readStatsdLine } from './read-line.ts';
import { startStatsd, type StatsdServer } from './start-statsd.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const keptMs = 30 * 86_400_000;

/** What lines add up to: `name{label="value"} value` for each series of one flush. */
function added(...lines: string[]): string[] {
  const aggregator = new StatsdAggregator(keptMs);
  for (const line of lines) {
    const read = readStatsdLine(line);
    if (!read.ok) throw new Error(read.error.message);
    aggregator.add(read.value, now);
  }
  return aggregator.flush(now).map(told);
}
function told({ labels, values, histograms, stale }: ReceivedSeries): string {
  const pairs: string[] = [];
  for (let at = 2; at < labels.length; at += 2) if (labels[at] !== 'job') pairs.push(`${labels[at]}=${labels[at + 1]}`);
  const value = stale ? 'stale' : histograms ? `histogram of ${values[0]}` : values[0];
  return `${labels[1]}{${pairs.join(',')}} ${value}`;
}

describe('lines', () => {
  test.each<[lines: string[], expected: string[]]>([
    [['a.b:1|c', 'a.b:2|c'], ['a_b_total{} 3']],
    [['a:1|c|@0.1'], ['a_total{} 10']],
    [['a:1:2:3|c'], ['a_total{} 6']],
    [['g:5|g', 'g:7|g'], ['g{} 7']],
    [['g:5|g', 'g:-2|g', 'g:+10|g'], ['g{} 13']],
    [['g:-2|g'], ['g{} -2']],
    [['t:250|ms'], ['t_seconds_count{} 1', 't_seconds_sum{} 0.25', 't_seconds{} histogram of 1']],
    [['h:1:2|h|@0.5'], ['h_count{} 4', 'h_sum{} 6', 'h{} histogram of 4']],
    [['d:3|d'], ['d_count{} 1', 'd_sum{} 3', 'd{} histogram of 1']],
    [['u:ann|s', 'u:bob|s', 'u:ann|s'], ['u{} 2']],
    [
      ['a:1|c|#store:S1,env.name:p,fresh', 'a:1|c|#env.name:p,fresh,store:S1'],
      ['a_total{store=S1,env_name=p,fresh=true} 2'],
    ],
    [['a:1|c|#le:5,job:x'], ['a_total{exported_le=5,exported_job=x} 1']],
    [[`a:1|c|#x:1|c:ci-123|T${now / 1000}|e:it`], ['a_total{x=1} 1']],
  ])('%j', (lines, expected) => expect(added(...lines)).toEqual(expected));

  test.each([
    ['', 'malformed'],
    ['a', 'malformed'],
    [':1|c', 'malformed'],
    ['a:1', 'malformed'],
    ['a:1|x', 'malformed'],
    ['a:one|c', 'malformed'],
    ['a:-1|c', 'malformed'],
    ['a:1|c|@2', 'malformed'],
    ['a:1|constructor', 'malformed'],
    ['_e{5,4}:title|text', 'unsupported-type'],
    ['_sc|check|0', 'unsupported-type'],
  ])('%j is refused', (line, reason) => expect(readStatsdLine(line)).toMatchObject({ ok: false, error: { reason } }));
});

test('counters and histograms go on growing over flushes, sets begin anew, and what is not heard ends', () => {
  const aggregator = new StatsdAggregator(keptMs);
  const send = (line: string, at: number): void => {
    const read = readStatsdLine(line);
    if (read.ok) aggregator.add(read.value, at);
  };
  for (const line of ['c:1|c', 's:a|s', 'h:1|h']) send(line, now);
  aggregator.flush(now);
  send('c:2|c', now + 10_000);
  expect(aggregator.flush(now + 10_000).map(told)).toEqual([
    'c_total{} 3',
    's{} 0',
    'h_count{} 1',
    'h_sum{} 1',
    'h{} histogram of 1',
  ]);
  expect(aggregator.flush(now + 3_605_000).map(told)).toEqual([
    'c_total{} 3',
    's{} stale',
    'h_count{} stale',
    'h_sum{} stale',
    'h{} stale',
  ]);
  expect(aggregator.size).toBe(1);
});

describe('lines that tell their time', () => {
  const day = 86_400;
  /** Samples of each series as `seconds from now: value`, flush by flush; lines are `seconds from the start: line`, `T…` in them seconds from the start. */
  const flushed = (...flushes: (readonly [atS: number, ...lines: string[]])[]) => {
    const aggregator = new StatsdAggregator(keptMs);
    const refused: string[] = [];
    const samples = flushes.map(([atS, ...lines]) => {
      for (const line of lines) {
        const read = readStatsdLine(line.replace(/T(-?\d+)/, (_, s: string) => `T${now / 1000 + Number(s)}`));
        const taken = read.ok ? aggregator.add(read.value, now + atS * 1000) : read;
        if (!taken.ok) refused.push(taken.error.reason);
      }
      return aggregator
        .flush(now + atS * 1000)
        .flatMap(({ times, values }) => Array.from(times, (time, i) => `${(time - now) / 1000}: ${values[i]}`));
    });
    return { samples, refused };
  };

  test.each<[string, Parameters<typeof flushed>, string[][], string[]]>([
    [
      'gauges stand at their time, in any order',
      [[0, 'g:2|g|T-60', 'g:1|g|T-120', 'g:3|g|T-60']],
      [['-120: 1', '-60: 3']],
      [],
    ],
    ['and say nothing of now', [[0, 'g:1|g|T-60'], [10]], [['-60: 1'], []], []],
    ['beside values of now', [[0, 'g:9|g', 'g:1|g|T-60'], [10]], [['-60: 1', '0: 9'], ['10: 9']], []],
    [
      'also before what was told',
      [
        [0, 'g:9|g'],
        [10, 'g:1|g|T-3600'],
      ],
      [['0: 9'], ['-3600: 1', '10: 9']],
      [],
    ],
    [
      'counts grow at their time',
      [[0, 'c:1|c|T-20', 'c:2:2|c|T-60|@0.5', 'c:1|c']],
      [['-60: 8', '-20: 9', '0: 10']],
      [],
    ],
    [
      'a count of before what was told counts now, within five minutes',
      [
        [0, 'c:1|c'],
        [10, 'c:1|c|T-5', 'c:1|c|T5'],
        [400, 'c:1|c|T-5', 'c:1|c|T300'],
      ],
      [['0: 1'], ['5: 2', '10: 3'], ['300: 4', '400: 4']],
      ['too-old'],
    ],
    ['a count of the future counts now', [[0, 'c:1|c|T30']], [['0: 1']], []],
    ['what is not kept is refused', [[0, `g:1|g|T${-31 * day}`, `c:1|c|T${-31 * day}`]], [[]], ['too-old', 'too-old']],
    [
      'nothing is taken of more than a day ahead',
      [[0, `g:1|g|T${day + 1}`, `c:1|c|T${day + 1}`]],
      [[]],
      ['too-new', 'too-new'],
    ],
    ['sets have no time', [[0, 'u:ann|s|T-60']], [['0: 1']], []],
  ])('%s', (_, flushes, samples, refused) => expect(flushed(...flushes)).toEqual({ samples, refused }));

  test('are bounded between flushes', () => {
    const aggregator = new StatsdAggregator(keptMs);
    let last = '';
    for (let n = 0; n <= 100_000; n++) {
      const read = readStatsdLine(`g:1|g|T${now / 1000 - n}`);
      const taken = read.ok ? aggregator.add(read.value, now) : read;
      last = taken.ok ? '' : taken.error.reason;
    }
    expect(last).toBe('rate-limited');
    expect(aggregator.flush(now)[0]?.times).toHaveLength(100_000);
  });
});

test('series beyond the bound are refused', () => {
  const aggregator = new StatsdAggregator(keptMs);
  for (let n = 0; n < 50_000; n++) {
    const read = readStatsdLine(`a:1|c|#n:${n}`);
    if (read.ok) aggregator.add(read.value, now);
  }
  const more = readStatsdLine('b:1|c');
  expect(more.ok && aggregator.add(more.value, now)).toMatchObject({ ok: false, error: { reason: 'rate-limited' } });
  const known = readStatsdLine('a:1|c|#n:7');
  expect(known.ok && aggregator.add(known.value, now).ok).toBe(true);
});

test('a histogram stays within its bound of buckets, and holds every observation', () => {
  const aggregator = new StatsdAggregator(keptMs);
  for (let n = 0; n < 3000; n++) {
    const read = readStatsdLine(`h:${(n % 2 ? -1 : 1) * 1.05 ** (n / 5)}:0|h`);
    if (read.ok) aggregator.add(read.value, now);
  }
  const histogram = aggregator.flush(now).at(-1)?.histograms?.[0];
  const buckets = [...(histogram?.positiveBuckets ?? []), ...(histogram?.negativeBuckets ?? [])];
  expect(buckets.length).toBeLessThanOrEqual(160);
  expect(buckets.reduce((sum, count) => sum + count, histogram?.zeroCount ?? 0)).toBe(6000);
  expect(histogram?.schema).toBeLessThan(3);
});

describe('over the network', () => {
  let server: StatsdServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function start(room = true) {
    const frames: Frame[] = [];
    const refused: Refusal[] = [];
    const counted: LedgerEntry[] = [];
    const clock = new ManualClock(now);
    const scope = { organisation: 'acme', keyId: '', site: '', device: '', service: '', environment: '' };
    server = await startStatsd(
      {
        spool: {
          append: async (more, _, __, away = []) => {
            if (!room) return { ok: false, error: { kind: 'spool-full', message: 'full', retryAfterS: 1 } };
            frames.push(...more);
            refused.push(...away);
            return { ok: true, value: undefined };
          },
        },
        ledger: { count: (entry) => void counted.push(entry), received: () => undefined },
        clock,
        logger: silentLogger,
      },
      scope,
      { host: '127.0.0.1', port: 0 },
    );
    return { server, frames, refused, counted, scope };
  }
  /** Flushes until what was sent has all come, in whatever pieces the network made of it. */
  const flushedUntil = (running: StatsdServer, all: () => void): Promise<void> =>
    vi.waitFor(
      async () => {
        await running.flush();
        all();
      },
      { timeout: 10_000, interval: 5 },
    );

  test('UDP and TCP, each line accounted for', async () => {
    const { server: running, frames, refused, scope } = await start();
    const lines = (): number => frames.reduce((sum, { records }) => sum + records, 0);
    const udp = createSocket('udp4');
    udp.send('a:1|c\nb:2|g\nnonsense\n', running.port, '127.0.0.1');
    const tcp = connect(running.port, '127.0.0.1');
    tcp.write('a:4|c\n_sc|x|0\na:');
    await flushedUntil(running, () => expect([lines(), refused.length]).toEqual([3, 2]));
    tcp.end('5|c');
    await flushedUntil(running, () => expect(lines()).toBe(4));
    udp.close();
    expect(new Set(frames.map(({ lane, signal }) => `${lane} ${signal}`))).toEqual(new Set(['metrics-rw2 metrics']));
    expect(Object.fromEntries(refused.map(({ reason, records }) => [reason, records]))).toEqual({
      malformed: 1,
      'unsupported-type': 1,
    });
    const last = new Map<string, number | undefined>();
    for (const { bytes } of frames)
      for (const { labels, values } of decodeWriteRequest2({ bytes: Buffer.from(bytes), scope }).series)
        last.set(labels.join(), values.at(-1));
    expect(Object.fromEntries(last)).toEqual({ '__name__,a_total,job,statsd': 10, '__name__,b,job,statsd': 2 });
  });

  test('lines that find no room are counted as such', async () => {
    const { server: running, counted } = await start(false);
    const udp = createSocket('udp4');
    udp.send('a:1|c\na:1|c\nx', running.port, '127.0.0.1');
    const told = (): unknown => counted.map(({ reason, records }) => [reason, records]);
    await flushedUntil(running, () =>
      expect(told()).toEqual([
        ['malformed', 1],
        ['spool-full', 2],
      ]),
    );
    udp.close();
  });
});
