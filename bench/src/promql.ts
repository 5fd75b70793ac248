import { type Usage, sizeOnDisk, usageOf } from './process-tree.ts';
import { generateDay, generateWide, type MetricDay } from './sample-metrics.ts';
import { writeTo } from './metric-sides.ts';
import { startServer } from './server-under-test.ts';

export interface PromqlRow {
  readonly query: string;
  readonly 'ours ms': number;
  readonly 'ours CPU ms': number;
  readonly 'peer ms': number;
  readonly 'peer CPU ms': number;
  readonly ratio: number;
  readonly 'CPU ratio': number;
  readonly series: string;
}

export interface PromqlPeer {
  /** Base URL that takes `/api/v1/write` and `/api/v1/query_range`: VictoriaMetrics, or Prometheus with its receiver on. */
  readonly url: string;
  readonly pid: number;
  readonly dataFolder: string;
}

interface Side {
  readonly name: string;
  readonly base: string;
  readonly headers: Record<string, string>;
  readonly pid: number;
}

interface Asked {
  readonly name: string;
  readonly query: string;
  /** 0: an instant query at the end. */
  readonly hours: number;
  readonly stepS: number;
}

const queries: readonly Asked[] = [
  { name: 'all stores, 24 h', query: 'sum by (store) (rate(http_requests_total[5m]))', hours: 24, stepS: 60 },
  { name: 'all stores, 1 h', query: 'sum by (store) (rate(http_requests_total[5m]))', hours: 1, stepS: 15 },
  {
    name: 'one store, 24 h',
    query: 'sum by (store) (rate(http_requests_total{store="STORE_007"}[5m]))',
    hours: 24,
    stepS: 60,
  },
  {
    name: 'quantile, 24 h',
    query: 'histogram_quantile(0.95, sum by (le) (rate(http_duration_seconds_bucket[5m])))',
    hours: 24,
    stepS: 60,
  },
  { name: 'topk, 24 h', query: 'topk(5, sum by (store) (rate(http_requests_total[5m])))', hours: 24, stepS: 60 },
  { name: 'topk of all series, 1 h', query: 'topk(5, rate(http_requests_total[5m]))', hours: 1, stepS: 60 },
  {
    name: 'join, 24 h',
    query:
      'sum by (region) (sum by (store) (rate(http_requests_total[5m])) * on (store) group_left (region) store_info)',
    hours: 24,
    stepS: 60,
  },
  { name: 'all series, now', query: 'http_requests_total', hours: 0, stepS: 0 },
  {
    name: 'average of gauges, 24 h',
    query: 'avg by (store) (avg_over_time(room_temperature[5m]))',
    hours: 24,
    stepS: 60,
  },
];
const wideQuery: Asked = {
  name: 'expression on wide_total, now',
  query: 'count(wide_total{instance=~"i1.*7"})',
  hours: 0,
  stepS: 0,
};

const rounds = 9;
/** Each question is asked so often before it is measured: compilers and caches of both sides are warm. */
const warmRounds = 3;

/**
 * Writes the same day to us and to a peer by remote write, then asks both the same questions in turn. Returns medians; prints how
 * fast samples were taken, how many bytes they need, and memory at the end.
 */
export async function benchPromql(
  scale: number,
  hours: number,
  wide: number,
  peer: PromqlPeer | undefined,
): Promise<PromqlRow[]> {
  // Of the wide metric there are more series than an organisation usually may have.
  const limits = wide > 0 ? ['--metric-series-limit', `${wide + 100_000}/${wide + 10_000}`] : [];
  const server = await startServer(undefined, limits);
  try {
    const ours: Side = {
      name: 'sightline',
      base: `${server.url}/prometheus`,
      headers: { authorization: `Bearer ${server.key}` },
      pid: server.pid,
    };
    const sides = peer ? [ours, { name: 'peer', base: peer.url, headers: {}, pid: peer.pid }] : [ours];
    const endMs = Math.floor((Date.now() - 60_000) / 15_000) * 15_000;
    let day: MetricDay | undefined;
    for (const side of sides) {
      const before = usageOf(side.pid);
      const started = performance.now();
      day = await generateDay(endMs, hours, scale, (body) => writeTo(side, body));
      await settled(side, endMs);
      if (wide > 0) await generateWide(endMs, wide, (body) => writeTo(side, body));
      const used = usageOf(side.pid);
      const cpuS = used.cpuS - before.cpuS;
      console.log(
        `${side.name}: ${day.samples + wide} samples of ${day.series + wide} series in ${((performance.now() - started) / 1000).toFixed(0)} s, ` +
          `${Math.round((day.samples + wide) / cpuS)} samples per CPU second, ${Math.round(used.pssBytes / 1e6)} MB`,
      );
    }
    if (!day) throw new Error('no day');
    if (wide > 0) await sleep(5000);
    const rows: PromqlRow[] = [];
    for (const asked of wide > 0 ? [...queries, wideQuery] : queries) rows.push(await compare(sides, asked, endMs));
    for (const side of sides) {
      const folder = side === ours ? server.dataFolder : (peer?.dataFolder ?? '');
      const disk = folder === '' ? '' : `, ${(sizeOnDisk(folder) / 1e6).toFixed(1)} MB on disk`;
      console.log(`${side.name}: ${Math.round(usageOf(side.pid).pssBytes / 1e6)} MB${disk}`);
    }
    return rows;
  } finally {
    await server.stop();
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the last sample can be read. */
async function settled(side: Side, endMs: number): Promise<void> {
  const asked = { name: '', query: 'count(http_requests_total)', hours: 0, stepS: 0 };
  for (let tries = 0; tries < 600; tries++) {
    const { text } = await ask(side, asked, endMs);
    if (/"value":\[[^\]]+\]/.test(text)) {
      await sleep(2000);
      return;
    }
    await sleep(500);
  }
  throw new Error(`${side.name} does not show its samples`);
}

async function ask({ base, headers }: Side, asked: Asked, endMs: number): Promise<{ text: string; ms: number }> {
  const end = String(endMs / 1000);
  const fields: Record<string, string> =
    asked.hours === 0
      ? { query: asked.query, time: end, nocache: '1' }
      : {
          query: asked.query,
          start: String((endMs - asked.hours * 3_600_000) / 1000),
          end,
          step: String(asked.stepS),
          nocache: '1',
        };
  const started = performance.now();
  const reply = await fetch(`${base}/api/v1/query${asked.hours === 0 ? '' : '_range'}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
    signal: AbortSignal.timeout(120_000),
  });
  const text = await reply.text();
  const ms = performance.now() - started;
  if (!reply.ok) throw new Error(`${asked.query}: ${reply.status} ${text.slice(0, 500)}`);
  return { text, ms };
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** Processor time is counted in hundredths of a second: single figures of quick questions say little. */
const mean = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0) / numbers.length;

async function compare(sides: readonly Side[], asked: Asked, endMs: number): Promise<PromqlRow> {
  const times = sides.map((): number[] => []);
  const cpu = sides.map((): number[] => []);
  const series: number[] = [];
  for (let round = -warmRounds; round < rounds; round++) {
    for (const [i, side] of sides.entries()) {
      const before: Usage = usageOf(side.pid);
      const { text, ms } = await ask(side, asked, endMs);
      if (round < 0) continue;
      times[i]?.push(ms);
      cpu[i]?.push(1000 * (usageOf(side.pid).cpuS - before.cpuS));
      if (round === 0) series.push(text.match(/"metric":/g)?.length ?? 0);
    }
  }
  const [ours = Number.NaN, peer = Number.NaN] = times.map(median);
  const [ourCpu = Number.NaN, peerCpu = Number.NaN] = cpu.map(mean);
  return {
    query: asked.name,
    'ours ms': Math.round(ours * 10) / 10,
    'ours CPU ms': Math.round(ourCpu),
    'peer ms': Math.round(peer * 10) / 10,
    'peer CPU ms': Math.round(peerCpu),
    ratio: Math.round((100 * ours) / peer) / 100,
    'CPU ratio': Math.round((100 * ourCpu) / peerCpu) / 100,
    series: series.join('/'),
  };
}
