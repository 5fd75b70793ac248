import { type MetricSide, startOurs, startPrometheus, startVictoriaMetrics, valueOf, writeTo } from './metric-sides.ts';
import { usageOf } from './process-tree.ts';
import { fleetRequests } from './sample-metrics.ts';

/** What one side took of one round. */
export interface WriteRow {
  readonly round: number;
  readonly side: string;
  readonly samples: number;
  readonly 'samples/CPU s': number;
  /** Seconds of all processes, and what of it they take at rest in that time. */
  readonly 'CPU s': number;
  readonly 'at rest': number;
  /** Of all processes, after the round. */
  readonly MB: number;
}

const quietS = 8;
const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Processor time a second that a side takes when nothing is asked of it. */
async function shareAtRest(pid: number): Promise<number> {
  const before = usageOf(pid).cpuS;
  await sleep(quietS);
  return (usageOf(pid).cpuS - before) / quietS;
}

/** What a side takes at rest once the work of its start is over: the least of a minute. */
async function afterStart(pid: number): Promise<number> {
  let least = Infinity;
  for (let tries = 0; tries < 7; tries++) least = Math.min(least, await shareAtRest(pid));
  return least;
}

/** Waits until nothing is written, merged or compacted any more, three minutes at most. Answers what the side takes then. */
async function untilQuiet(pid: number, atRest: number): Promise<number> {
  let share = atRest;
  for (let tries = 0; tries < 22; tries++) {
    share = await shareAtRest(pid);
    if (share < atRest + 0.06) break;
  }
  return share;
}

/**
 * The same requests of remote write to us and to the peers, each side in turn, `hours` of the fleet a round, the rounds one after the other in
 * time. Processor time of all processes of a side from the first request until it is quiet again, less what it takes at rest. Throws where a side does not count what it was sent.
 */
export async function benchRemoteWrite(options: {
  readonly scale: number;
  readonly hours: number;
  readonly rounds: number;
  /** How many samples of a series stand in one request: 40 as agents send that were cut off, 1 as Prometheus sends. */
  readonly samplesPerSeries: number;
  readonly victoriaMetrics: string;
  readonly prometheus: string;
}): Promise<WriteRow[]> {
  const { scale, hours, rounds, samplesPerSeries } = options;
  const sides: MetricSide[] = [];
  const rows: WriteRow[] = [];
  const roundMs = hours * 3_600_000;
  const lastMs = Math.floor((Date.now() - 1_200_000) / 7_200_000) * 7_200_000;
  const firstMs = lastMs - rounds * roundMs;
  try {
    sides.push(await startOurs());
    if (options.victoriaMetrics !== '') sides.push(await startVictoriaMetrics(options.victoriaMetrics));
    if (options.prometheus !== '') sides.push(await startPrometheus(options.prometheus));
    const atRest: number[] = [];
    for (const side of sides) atRest.push(await afterStart(side.pid));
    const requests = fleetRequests(firstMs, lastMs, scale, samplesPerSeries);
    for (let round = 1; round <= rounds; round++) {
      const bodies: Buffer[] = [];
      const toMs = firstMs + round * roundMs;
      let samples = 0;
      const wanted = samplesOf(scale, hours);
      while (samples < wanted) {
        const next = requests.next();
        if (next.done) break;
        bodies.push(next.value.body);
        samples += next.value.samples;
      }
      for (const [i, side] of sides.entries()) {
        const rest = atRest[i] ?? 0;
        const before = usageOf(side.pid).cpuS;
        const startedMs = performance.now();
        for (const body of bodies) await writeTo(side, body);
        const after = await untilQuiet(side.pid, rest);
        const used = usageOf(side.pid);
        const restS = (Math.min(rest, after) * (performance.now() - startedMs)) / 1000;
        const cpuS = used.cpuS - before - restS;
        rows.push({
          round,
          side: side.name,
          samples,
          'samples/CPU s': Math.round(samples / cpuS),
          'CPU s': Math.round(10 * (cpuS + restS)) / 10,
          'at rest': Math.round(10 * restS) / 10,
          MB: Math.round(used.pssBytes / 1e6),
        });
        console.log(rows.at(-1));
      }
      const found: number[] = [];
      for (const side of sides)
        found.push(await valueOf(side, `sum(count_over_time({__name__!=""}[${hours}h]))`, toMs));
      if (found.some((count) => count !== found[0])) throw new Error(`samples found: ${found.join(', ')}`);
      console.log(`round ${round}: each side finds ${found[0]} samples`);
    }
    return rows;
  } finally {
    for (const side of sides) await side.stop();
  }
}

const samplesOf = (scale: number, hours: number): number => Math.round((14_200 * scale + 300) * hours * 240);
