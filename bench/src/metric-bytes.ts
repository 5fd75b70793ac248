import path from 'node:path';
import { type Partition, sizesByPartition } from './engine-parts.ts';
import { type MetricSide, samplesOf, startOurs, startVictoriaMetrics, writeTo } from './metric-sides.ts';
import { lengthOfFiles, sizeOnDisk } from './process-tree.ts';
import { writeRequest } from './remote-write.ts';
import { randomOf } from './sample-metrics.ts';

const dayMs = 86_400_000;
/** Roll-ups of five minutes lie in partitions of so many days. */
const rollUpDays = 16;
const everyMs = 15_000;
const perDay = dayMs / everyMs;
const perRequest = 40;

type Sequence = () => number;

/** What is written: for each series a function that gives one value after the other. */
const kinds: Readonly<Record<string, (random: () => number) => Sequence>> = {
  counter: (random) => {
    let value = Math.floor(random() * 1e6);
    return () => (value += Math.floor(random() * 20));
  },
  gauge_two_decimals: (random) => {
    let value = 2000;
    return () => (value += Math.round(random() * 40 - 20)) / 100;
  },
  memory_in_pages: (random) => {
    let value = 4e9;
    return () => (value += 4096 * Math.floor(random() * 100 - 50));
  },
  noise_full_precision: (random) => () => random() + random() * 2 ** -20,
  noise_32_bits: (random) => random,
  constant: () => () => 1,
};

export interface BytesRow {
  readonly kind: string;
  readonly samples: number;
  /** Of the day's chunks. */
  readonly parts: number;
  /** Bytes a sample: chunks, index, roll-ups, all of them. */
  readonly chunks: number;
  readonly index: number;
  readonly 'roll-ups': number;
  readonly ours: number;
  /** Of the peer's whole folder, less that of an empty one. */
  readonly peer: number;
  readonly ratio: number;
  readonly 'without roll-ups': number;
  /** Of the samples that were read back, those that are what was written, to the bit. */
  readonly 'ours exact': string;
  readonly 'peer exact': string;
}

interface Written {
  readonly kind: string;
  readonly startMs: number;
  /** Of the first series. */
  readonly values: readonly number[];
}

async function writeDay(side: MetricSide, kind: string, startMs: number, series: number): Promise<Written> {
  const random = randomOf(42);
  const make = kinds[kind];
  if (!make) throw new Error(`there is no kind ${kind}`);
  const sequences = Array.from({ length: series }, () => make(random));
  const first: number[] = [];
  for (let from = 0; from < perDay; from += perRequest) {
    const written = sequences.map((next, i) => ({
      labels: { __name__: kind, instance: `i${i}`, job: 'api' },
      times: Array.from({ length: perRequest }, (_, k) => startMs + (from + k) * everyMs + Math.floor(random() * 7)),
      values: Array.from({ length: perRequest }, next),
    }));
    first.push(...(written[0]?.values ?? []));
    await writeTo(side, writeRequest(written));
  }
  return { kind, startMs, values: first };
}

/** How many of a series' samples of two hours come back to the bit. */
async function exactOf(side: MetricSide, { kind, startMs, values }: Written): Promise<string> {
  const hours = 2;
  const found = await samplesOf(side, `${kind}{instance="i0"}[${hours}h]`, startMs + hours * 3_600_000 - 1);
  const expected = values.slice(0, (hours * 3_600_000) / everyMs);
  if (found.length !== expected.length)
    throw new Error(`${side.name} found ${found.length} of ${expected.length} samples`);
  return `${found.filter((value, i) => value === expected[i]).length} of ${expected.length}`;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, n) => total + n, 0);

/** Waits until everything is in the engine, rolled up and merged: nothing changes for a minute. A quarter of an hour at most. */
async function settled(dataFolder: string, days: number): Promise<Map<string, Map<string, Partition>>> {
  let before = '';
  for (let tries = 0, same = 0; tries < 90; tries++) {
    const bytes = sizesByPartition(dataFolder, 'metric_');
    const now = JSON.stringify([...bytes].map(([table, partitions]) => [table, [...partitions]]));
    const isThere = ['metric_chunks', 'metric_rollups_5m'].every((table) => (bytes.get(table)?.size ?? 0) >= days);
    same = isThere && now === before ? same + 1 : 0;
    if (same >= 6) return bytes;
    before = now;
    await sleep(10_000);
  }
  throw new Error('the metric store did not come to rest');
}

/**
 * Bytes that a sample takes in files, by kind: each kind is a day of `series` series at 15 s, a few milliseconds early or late. Ours are read off partitions, of which each day has its own,
 * in one server that has cut, rolled up and merged everything; the peer is started anew for each kind and told to merge.
 */
export async function benchMetricBytes(series: number, victoriaMetrics: string): Promise<BytesRow[]> {
  const names = Object.keys(kinds);
  const samples = series * perDay;
  const peers = new Map<string, { bytes: number; exact: string }>();
  const ours = await startOurs(['--retention-metrics', 'forever']);
  try {
    const emptyLog = lengthOfFiles(path.join(ours.dataFolder, 'metrics'));
    const latest = Math.floor((Date.now() - 2 * dayMs) / (rollUpDays * dayMs)) - 1;
    const days: Written[] = [];
    for (const [i, kind] of names.entries())
      days.push(await writeDay(ours, kind, (latest - i) * rollUpDays * dayMs, series));
    for (const [i, kind] of names.entries()) {
      if (victoriaMetrics === '') continue;
      const peer = await startVictoriaMetrics(victoriaMetrics);
      try {
        const empty = lengthOfFiles(peer.dataFolder);
        const day = await writeDay(peer, kind, (latest - i) * rollUpDays * dayMs, series);
        for (let round = 0; round < 2; round++) {
          await peer.settle?.();
          await sleep(5000);
        }
        peers.set(kind, { bytes: (lengthOfFiles(peer.dataFolder) - empty) / samples, exact: await exactOf(peer, day) });
      } finally {
        await peer.stop();
      }
    }
    const bytes = await settled(ours.dataFolder, names.length);
    const all = (table: string): number =>
      sum([...(bytes.get(table)?.values() ?? [])].map((partition) => partition.bytes));
    const log = lengthOfFiles(path.join(ours.dataFolder, 'metrics')) - emptyLog;
    console.log(
      `log of the head, everything cut: ${(log / 1e6).toFixed(1)} MB; control plane: ${(sizeOnDisk(path.join(ours.dataFolder, 'control')) / 1e6).toFixed(1)} MB; all of ours: ${(sizeOnDisk(ours.dataFolder) / 1e6).toFixed(1)} MB`,
    );
    const rows: BytesRow[] = [];
    for (const day of days) {
      const of = (table: string, partitionMs: number): number =>
        (bytes.get(table)?.get(String(Math.floor(day.startMs / partitionMs)))?.bytes ?? Number.NaN) / samples;
      const chunks = of('metric_chunks', dayMs);
      // Tables that are not divided by day are shared alike.
      const shared = (table: string): number => all(table) / names.length / samples;
      const index = shared('metric_series') + shared('metric_metadata');
      const rollUps =
        of('metric_rollups_5m', rollUpDays * dayMs) + shared('metric_rollups_1h') + shared('metric_rollup_days');
      const whole = chunks + index + rollUps;
      const peer = peers.get(day.kind);
      const rounded = (value: number): number => Math.round(1000 * value) / 1000;
      rows.push({
        kind: day.kind,
        samples,
        parts: bytes.get('metric_chunks')?.get(String(Math.floor(day.startMs / dayMs)))?.parts ?? 0,
        chunks: rounded(chunks),
        index: rounded(index),
        'roll-ups': rounded(rollUps),
        ours: rounded(whole),
        peer: rounded(peer?.bytes ?? Number.NaN),
        ratio: rounded(whole / (peer?.bytes ?? Number.NaN)),
        'without roll-ups': rounded((chunks + index) / (peer?.bytes ?? Number.NaN)),
        'ours exact': await exactOf(ours, day),
        'peer exact': peer?.exact ?? '',
      });
    }
    return rows;
  } finally {
    await ours.stop();
  }
}
