import { writeRequest, type WrittenSeries } from './remote-write.ts';

/** A day of metrics of 300 stores: counters, gauges, buckets; every 15 s, a few milliseconds early or late. */
export interface MetricDay {
  readonly startMs: number;
  readonly endMs: number;
  readonly series: number;
  readonly samples: number;
}

const everyMs = 15_000;
const samplesPerRequest = 40;
const seriesPerRequest = 500;
/** As Prometheus' `max_samples_per_send`. */
const seriesPerSmallRequest = 2000;
const stores = 300;

interface Generated {
  readonly labels: Record<string, string>;
  readonly next: () => number;
}

const storeOf = (i: number): string => `STORE_${String(i % stores).padStart(3, '0')}`;

/** The same numbers every time. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function counters(count: number, random: () => number): Generated[] {
  return Array.from({ length: count }, (_, i) => {
    let value = Math.floor(random() * 1e6);
    const labels = {
      job: 'api',
      instance: `i${Math.floor(i / stores)}`,
      code: String(200 + (i % 4)),
      store: storeOf(i),
    };
    return { labels: { __name__: 'http_requests_total', ...labels }, next: () => (value += Math.floor(random() * 20)) };
  });
}

function gauges(count: number, random: () => number): Generated[] {
  return Array.from({ length: count }, (_, i) => {
    let value = 2000;
    return {
      labels: { __name__: 'room_temperature', room: `r${Math.floor(i / stores)}`, store: storeOf(i) },
      next: () => (value += Math.round(random() * 40 - 20)) / 100,
    };
  });
}

function noise(count: number, random: () => number): Generated[] {
  return Array.from({ length: count }, (_, i) => ({
    labels: { __name__: 'load_ratio', core: `c${Math.floor(i / stores)}`, store: storeOf(i) },
    next: () => random() + random() * 2 ** -20,
  }));
}

function buckets(count: number): Generated[] {
  const bounds = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '+Inf'];
  return Array.from({ length: count }, (_, i) => {
    const le = i % bounds.length;
    const rest = Math.floor(i / bounds.length);
    // All buckets of a histogram grow by the same sequence, wider ones by more of it.
    const own = randomOf(rest + 1);
    let value = 0;
    return {
      labels: {
        __name__: 'http_duration_seconds_bucket',
        le: bounds[le] ?? '',
        instance: `i${Math.floor(rest / stores)}`,
        store: storeOf(rest),
      },
      next: () => (value += Math.floor((own() * 40 * (le + 1)) / bounds.length)),
    };
  });
}

function infos(): Generated[] {
  return Array.from({ length: stores }, (_, i) => ({
    labels: { __name__: 'store_info', region: `region-${i % 7}`, store: storeOf(i) },
    next: () => 1,
  }));
}

/** The fleet's series: 10,000 counters, and gauges, noise and buckets beside them. */
function fleetOf(scale: number, random: () => number): Generated[] {
  return [
    ...counters(Math.round(10_000 * scale), random),
    ...gauges(Math.round(900 * scale), random),
    ...noise(Math.round(300 * scale), random),
    ...buckets(Math.round(3000 * scale)),
    ...infos(),
  ];
}

/** Requests of remote write in order of time, as a fleet's collectors would send them; the same ones every time. */
export function* fleetRequests(
  startMs: number,
  endMs: number,
  scale: number,
  samplesPerSeries = samplesPerRequest,
): Generator<{ readonly body: Buffer; readonly samples: number }> {
  const random = randomOf(42);
  const all = fleetOf(scale, random);
  const perRequest = samplesPerSeries === 1 ? seriesPerSmallRequest : seriesPerRequest;
  for (let from = startMs; from < endMs; from += samplesPerSeries * everyMs) {
    const count = Math.min(samplesPerSeries, Math.ceil((endMs - from) / everyMs));
    for (let first = 0; first < all.length; first += perRequest) {
      const written: WrittenSeries[] = all.slice(first, first + perRequest).map(({ labels, next }) => ({
        labels,
        times: Array.from({ length: count }, (_, i) => from + i * everyMs + Math.floor(random() * 7)),
        values: Array.from({ length: count }, next),
      }));
      yield { body: writeRequest(written), samples: written.length * count };
    }
  }
}

/** Makes a day up to `endMs` and hands it out in requests, in order of time. */
export async function generateDay(
  endMs: number,
  hours: number,
  scale: number,
  send: (body: Buffer) => Promise<void>,
): Promise<MetricDay> {
  const startMs = endMs - hours * 3_600_000;
  let sent = 0;
  for (const { body, samples } of fleetRequests(startMs, endMs, scale)) {
    sent += samples;
    await send(body);
  }
  return { startMs, endMs, series: fleetOf(scale, randomOf(42)).length, samples: sent };
}

/** Many series of one metric with one sample each, for matchers. */
export async function generateWide(
  atMs: number,
  count: number,
  send: (body: Buffer, samples: number) => Promise<void>,
): Promise<void> {
  for (let first = 0; first < count; first += 10_000) {
    const written = Array.from({ length: Math.min(10_000, count - first) }, (_, k) => {
      const i = first + k;
      return {
        labels: {
          __name__: 'wide_total',
          instance: `i${Math.floor(i / stores)}`,
          store: storeOf(i),
          zone: `z${i % 11}`,
        },
        times: [atMs],
        values: [i],
      };
    });
    await send(writeRequest(written), written.length);
  }
}
