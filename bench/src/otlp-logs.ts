import { makeErrorEnvelopes } from './error-envelopes.ts';
import { makeLogRequests, timed } from './log-requests.ts';
import { makeSpanRequests } from './span-requests.ts';
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

const recordsPerRequest = 250;

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

async function measure(
  name: string,
  target: { url: string; headers: Record<string, string> },
  pid: number,
  dataFolder: string,
  bodyOf: (request: number) => Buffer,
  requests: number,
  probed?: ServerUnderTest,
  perRequest = recordsPerRequest,
): Promise<IngestFigures> {
  const atRest = await restingShare(pid);
  const before = usageOf(pid);
  const startedMs = performance.now();
  const sizeBefore = sizeOnDisk(dataFolder);
  let peakBytes = before.pssBytes;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, usageOf(pid).pssBytes);
  }, 1000);
  const probe = probed && new VisibilityProbe(probed);
  const load: LoadResult = await sendLoad(target, bodyOf, requests, 16);
  const visible = (await probe?.stop()) ?? [];
  await untilIdle(pid, atRest);
  clearInterval(watch);
  // What it takes at rest is not the records' price.
  const cpuS = usageOf(pid).cpuS - before.cpuS - (atRest * (performance.now() - startedMs)) / 1000;
  const records = requests * perRequest;
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

/** Sentry envelopes with one error each: parsed, grouped, scrubbed, stored, issues counted, merges counted. */
export async function benchSentryErrors(records: number, rounds: number): Promise<IngestFigures[]> {
  const envelopeOf = makeErrorEnvelopes(2000, 200);
  const figures: IngestFigures[] = [];
  const server = await startServer();
  try {
    const target = {
      url: `${server.url}/api/1/envelope/?sentry_key=${server.key}`,
      headers: { 'content-type': 'application/x-sentry-envelope' },
    };
    const bodyOf = (request: number): Buffer => envelopeOf(request, Date.now());
    for (let round = 0; round < rounds; round++) {
      const { pid, dataFolder } = server;
      figures.push(await measure('sightline, errors', target, pid, dataFolder, bodyOf, records, undefined, 1));
    }
  } finally {
    await server.stop();
  }
  return figures;
}

/** OTLP/HTTP trace ingest, everything on: durable acknowledgement, scrubbing, derived columns, views, merges counted. */
export async function benchOtlpTraces(records: number, rounds: number): Promise<IngestFigures[]> {
  const bodies = makeSpanRequests(400, recordsPerRequest, Date.now());
  const bodyOf = (request: number): Buffer => bodies[request % bodies.length]!;
  const requests = Math.ceil(records / recordsPerRequest);
  const figures: IngestFigures[] = [];
  const server = await startServer();
  try {
    const headers = { 'content-type': 'application/x-protobuf', authorization: `Bearer ${server.key}` };
    const target = { url: `${server.url}/v1/traces`, headers };
    for (let round = 0; round < rounds; round++) {
      figures.push(await measure('sightline, spans', target, server.pid, server.dataFolder, bodyOf, requests));
    }
  } finally {
    await server.stop();
  }
  return figures;
}

/**
 * OTLP/HTTP log ingest, everything on: durable acknowledgement, text index, scrubbing, views, merges counted. Both sides
 * get the same requests one after the other, `rounds` times in turn; the medians are compared.
 */
export async function benchOtlpLogs(records: number, rounds: number, peer: Peer | undefined): Promise<IngestFigures[]> {
  const bodies = makeLogRequests(800, recordsPerRequest, Date.now());
  const bodyOf = (request: number): Buffer => timed(bodies[request % bodies.length]!, Date.now());
  const requests = Math.ceil(records / recordsPerRequest);
  const figures: IngestFigures[] = [];
  const headers = { 'content-type': 'application/x-protobuf' };
  const server = await startServer();
  try {
    const target = { url: `${server.url}/v1/logs`, headers: { ...headers, authorization: `Bearer ${server.key}` } };
    for (let round = 0; round < rounds; round++) {
      figures.push(await measure('sightline', target, server.pid, server.dataFolder, bodyOf, requests));
      if (peer)
        figures.push(await measure('peer', { url: peer.url, headers }, peer.pid, peer.dataFolder, bodyOf, requests));
    }
    // A round of its own, not counted above: the searches take time of the processor that the peer is spared.
    const { pid, dataFolder } = server;
    figures.push(await measure('sightline, searched', target, pid, dataFolder, bodyOf, requests, server));
  } finally {
    await server.stop();
  }
  return figures;
}
