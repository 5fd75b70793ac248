import { readReadRequest, type ReadSeries, snappyBlock, unsnappy, writeReadResponse } from '@sightline/ingest';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { askerOf } from './asker.ts';
import { ApiFault, badData } from './fault.ts';
import { type RawParts, readSamples } from './raw-samples.ts';
import { sendAnswer } from './reply.ts';

/** A request names series and times; no honest one is longer. */
const requestLimitBytes = 1024 * 1024;
/** Of one answer: some 20 bytes each before they are packed. Prometheus' own default is ten times as much, of far more memory. */
const sampleLimit = 5_000_000;

/**
 * `POST /api/v1/read`: Prometheus' remote read (https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/), answered as samples
 * whatever forms the client would take besides, staleness marks and native histograms among them. Request and answer are protobuf in one
 * snappy block. A key that is bound to a site reads that site's series alone.
 */
export async function answerRemoteRead(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: RawParts,
): Promise<FastifyReply> {
  const asker = await askerOf(request, parts.deps);
  if (asker instanceof ApiFault) return sendAnswer(request, reply, asker);
  const queries = await queriesOf(request);
  if (queries instanceof ApiFault) return sendAnswer(request, reply, queries);
  const results: (readonly ReadSeries[])[] = [];
  let left = sampleLimit;
  for (const { matchers, startMs, endMs } of queries) {
    const series = await readSamples(parts, asker, { matchers, startMs, endMs, sampleLimit: left });
    if (series instanceof ApiFault) return sendAnswer(request, reply, series);
    for (const { floats, histograms } of series) left -= floats.times.length + histograms.length;
    results.push(series);
  }
  return reply
    .type('application/x-protobuf')
    .header('content-encoding', 'snappy')
    .header('cache-control', 'no-store')
    .send(await snappyBlock(writeReadResponse(results)));
}

async function queriesOf({ body }: FastifyRequest) {
  if (!Buffer.isBuffer(body)) return badData('expected a prometheus.ReadRequest as one snappy block, got no body');
  const unpacked = await unsnappy(body, requestLimitBytes).catch((error: Error) => error.message);
  if (typeof unpacked === 'string') return badData(`expected one snappy block: ${unpacked}`);
  const queries = readReadRequest(unpacked);
  return queries.ok ? queries.value : badData(queries.error);
}
