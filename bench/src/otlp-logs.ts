import { makeLogRequests } from './log-requests.ts';
import { type LoadResult, percentile, sendLoad } from './load.ts';
import { sizeOnDisk, usageOf } from './process-tree.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';
import { VisibilityProbe } from './visibility.ts';

export interface Peer {
  /** Where it takes OTLP logs. */
  readonly url: string;
  readonly pid: number;
  readonly dataFolder: string;
}

export interface IngestFigures {
  readonly name: string;
  readonly recordsPerS: number;
  /** All processes, from the first request until the last merge has ended. */
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

const recordsPerRequest = 250;

/** CPU per second under which a server counts as idle: its merges have ended. */
const idleShare = 0.05;

async function untilIdle(pid: number): Promise<void> {
  let quiet = 0;
  for (let i = 0; i < 180 && quiet < 4; i++) {
    const before = usageOf(pid).cpuS;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    quiet = usageOf(pid).cpuS - before < idleShare ? quiet + 1 : 0;
  }
}

async function measure(
  name: string,
  target: { url: string; headers: Record<string, string> },
  pid: number,
  dataFolder: string,
  bodies: readonly Buffer[],
  requests: number,
  probed?: ServerUnderTest,
): Promise<IngestFigures> {
  await untilIdle(pid);
  const before = usageOf(pid);
  const sizeBefore = sizeOnDisk(dataFolder);
  let peakBytes = before.pssBytes;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, usageOf(pid).pssBytes);
  }, 1000);
  const probe = probed && new VisibilityProbe(probed);
  const load: LoadResult = await sendLoad(target, bodies, requests, 16);
  const visible = (await probe?.stop()) ?? [];
  await untilIdle(pid);
  clearInterval(watch);
  const cpuS = usageOf(pid).cpuS - before.cpuS;
  const records = requests * recordsPerRequest;
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

/**
 * OTLP/HTTP log ingest, everything on: durable acknowledgement, text index, scrubbing, views, merges counted. Both sides
 * get the same requests one after the other, `rounds` times in turn; the medians are compared.
 */
export async function benchOtlpLogs(records: number, rounds: number, peer: Peer | undefined): Promise<IngestFigures[]> {
  const bodies = makeLogRequests(800, recordsPerRequest, Date.now());
  const requests = Math.ceil(records / recordsPerRequest);
  const figures: IngestFigures[] = [];
  const headers = { 'content-type': 'application/x-protobuf' };
  const server = await startServer();
  try {
    const target = { url: `${server.url}/v1/logs`, headers: { ...headers, authorization: `Bearer ${server.key}` } };
    for (let round = 0; round < rounds; round++) {
      figures.push(await measure('sightline', target, server.pid, server.dataFolder, bodies, requests));
      if (peer)
        figures.push(await measure('peer', { url: peer.url, headers }, peer.pid, peer.dataFolder, bodies, requests));
    }
    // A round of its own, not counted above: the searches take time of the processor that the peer is spared.
    const { pid, dataFolder } = server;
    figures.push(await measure('sightline, searched', target, pid, dataFolder, bodies, requests, server));
  } finally {
    await server.stop();
  }
  return figures;
}
