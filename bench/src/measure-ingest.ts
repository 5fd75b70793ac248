import { type LoadResult, percentile, sendLoad } from './load.ts';
import { sizeOnDisk, usageOf } from './process-tree.ts';

export interface IngestFigures {
  readonly name: string;
  readonly recordsPerS: number;
  /** All processes, from the first request until the last merge has ended, less what they take at rest. */
  readonly recordsPerCpuS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly peakBytes: number;
  readonly bytesPerRecord: number;
  readonly refused: number;
  /** From the acknowledgement of a record until a search finds it, the median and the slowest; NaN where not asked. */
  readonly visibleP50Ms: number;
  readonly visibleMaxMs: number;
}

/** Longer than a side keeps data in memory before it writes them (VictoriaLogs: 5 s): the writing belongs to the price. */
const quietS = 8;
/** Processor time a second, beyond what a side takes at rest, under which its merges are held to have ended. */
const workShare = 0.05;
const longestWaitS = 180;

const secondsPassed = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Processor time a second that a side takes when nothing is asked of it. */
async function restingShare(pid: number): Promise<number> {
  await secondsPassed(quietS);
  const before = usageOf(pid).cpuS;
  await secondsPassed(quietS);
  return (usageOf(pid).cpuS - before) / quietS;
}

async function untilIdle(pid: number, atRest: number): Promise<void> {
  const used: number[] = [];
  for (let second = 0; second < longestWaitS; second++) {
    used.push(usageOf(pid).cpuS);
    const before = used.at(-1 - quietS);
    if (before !== undefined && (used.at(-1) ?? 0) - before < (atRest + workShare) * quietS) return;
    await secondsPassed(1);
  }
}

/** The program that is measured, with all its children. */
export interface Measured {
  readonly pid: number;
  readonly dataFolder: string;
}

/** Where requests go, over how many connections. */
export interface LoadTarget {
  readonly url: string;
  readonly headers: Record<string, string>;
}

const connections = 16;

/** What `records` records cost that `send` brings; `visible` tells of waits until records were found, where they were asked for. */
export async function measureIngest(
  name: string,
  { pid, dataFolder }: Measured,
  records: number,
  send: () => Promise<LoadResult & { readonly visibleMs?: readonly number[] }>,
): Promise<IngestFigures> {
  const atRest = await restingShare(pid);
  const before = usageOf(pid);
  const startedMs = performance.now();
  const sizeBefore = sizeOnDisk(dataFolder);
  let peakBytes = before.pssBytes;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, usageOf(pid).pssBytes);
  }, 1000);
  const load = await send();
  await untilIdle(pid, atRest);
  clearInterval(watch);
  // What it takes at rest is not the records' price.
  const cpuS = usageOf(pid).cpuS - before.cpuS - (atRest * (performance.now() - startedMs)) / 1000;
  const visible = load.visibleMs ?? [];
  return {
    name,
    recordsPerS: records / load.seconds,
    recordsPerCpuS: records / cpuS,
    p50Ms: percentile(load.latenciesMs, 0.5),
    p99Ms: percentile(load.latenciesMs, 0.99),
    peakBytes,
    bytesPerRecord: (sizeOnDisk(dataFolder) - sizeBefore) / records,
    refused: load.refused,
    visibleP50Ms: percentile(visible, 0.5),
    visibleMaxMs: visible.at(-1) ?? Number.NaN,
  };
}

/** Sends that many requests as fast as they are taken. */
export function sendRequests(
  target: LoadTarget,
  bodyOf: (request: number) => Buffer,
  requests: number,
): Promise<LoadResult> {
  return sendLoad(target, bodyOf, requests, connections);
}
