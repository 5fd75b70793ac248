import { makeErrorEnvelopes } from './error-envelopes.ts';
import { makeLogRequests } from './log-requests.ts';
import { makeSpanRequests } from './span-requests.ts';
import type { LoadResult } from './load.ts';
import { type IngestFigures, type Measured, measureIngest, sendRequests } from './measure-ingest.ts';
import { type ServerUnderTest, startServer } from './server-under-test.ts';
import { timed } from './timed-request.ts';
import { VisibilityProbe } from './visibility.ts';

export interface Peer extends Measured {
  /** Where it takes OTLP logs. */
  readonly url: string;
}

const recordsPerRequest = 250;

async function withProbe(server: ServerUnderTest, sending: () => Promise<LoadResult>) {
  const probe = new VisibilityProbe(server);
  const load = await sending();
  return { ...load, visibleMs: await probe.stop() };
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
      const sending = (): Promise<LoadResult> => sendRequests(target, bodyOf, records);
      figures.push(await measureIngest('sightline, errors', server, records, sending));
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
      const sending = (): Promise<LoadResult> => sendRequests(target, bodyOf, requests);
      figures.push(await measureIngest('sightline, spans', server, requests * recordsPerRequest, sending));
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
    const sent = requests * recordsPerRequest;
    const sending = (): Promise<LoadResult> => sendRequests(target, bodyOf, requests);
    for (let round = 0; round < rounds; round++) {
      figures.push(await measureIngest('sightline', server, sent, sending));
      if (!peer) continue;
      const { url } = peer;
      figures.push(await measureIngest('peer', peer, sent, () => sendRequests({ url, headers }, bodyOf, requests)));
    }
    // A round of its own, not counted above: the searches take time of the processor that the peer is spared.
    figures.push(await measureIngest('sightline, searched', server, sent, () => withProbe(server, sending)));
  } finally {
    await server.stop();
  }
  return figures;
}
