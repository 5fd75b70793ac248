import { isStaleMark } from '@sightline/record';
import { type MatrixSeries, showSampleValue, sortedNames } from '@sightline/query/promql';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { askerOf } from './asker.ts';
import { ApiFault, badData } from './fault.ts';
import { type Form, selectorsOf } from './parameters.ts';
import { type RawParts, readSamples } from './raw-samples.ts';
import { sendAnswer } from './reply.ts';

/** As an instant selector. */
const lookbackMs = 300_000;
/** Of one answer: what stood in the last five minutes of the series that match. */
const sampleLimit = 5_000_000;
/** What the exposition format takes without quotes. */
const plainName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const plainLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * `GET /federate?match[]=…` (https://prometheus.io/docs/prometheus/latest/federation/): the newest sample of each series that matches and has
 * not ended, with its own time, in the text format, for a Prometheus that scrapes us with `honor_labels`. Native histograms have no place in
 * that format and are left out. Series without `instance` get an empty one, as from Prometheus, so that the scraper's own stays away.
 */
export async function answerFederate(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: RawParts & { readonly form: Form },
): Promise<FastifyReply> {
  const asker = await askerOf(request, parts.deps);
  if (asker instanceof ApiFault) return sendAnswer(request, reply, asker);
  const selectors = selectorsOf(parts.form);
  if (selectors instanceof ApiFault) return sendAnswer(request, reply, selectors);
  if (selectors.length === 0) {
    return sendAnswer(
      request,
      reply,
      badData('no match[] parameter provided: name the series, as match[]={job="node"}'),
    );
  }
  const endMs = parts.deps.clock.now();
  const byLabels = new Map<string, FederatedSample>();
  for (const matchers of selectors) {
    const series = await readSamples(parts, asker, { matchers, startMs: endMs - lookbackMs + 1, endMs, sampleLimit });
    if (series instanceof ApiFault) return sendAnswer(request, reply, series);
    for (const one of series) {
      const sample = newestOf(one);
      if (sample) byLabels.set(sample.line, sample);
    }
  }
  return reply
    .type('text/plain; version=0.0.4; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(expositionOf([...byLabels.values()]));
}

interface FederatedSample {
  readonly metric: string;
  /** Name and labels as they are written. */
  readonly line: string;
  readonly value: number;
  readonly atMs: number;
}

/** Undefined where the series has ended, or its newest sample is a native histogram. */
function newestOf({ labels, floats, histograms }: MatrixSeries): FederatedSample | undefined {
  const last = floats.times.length - 1;
  const atMs = floats.times[last];
  if (atMs === undefined || (histograms.at(-1)?.atMs ?? -Infinity) > atMs) return undefined;
  const bits = new BigUint64Array(floats.values.buffer, floats.values.byteOffset + last * 8, 1);
  if (isStaleMark(bits[0] ?? 0n)) return undefined;
  const { __name__: metric = '', ...others } = labels;
  const named = 'instance' in others ? others : { ...others, instance: '' };
  const pairs = sortedNames(named).map(
    (name) => `${plainLabel.test(name) ? name : quoted(name)}=${quoted(named[name] ?? '')}`,
  );
  // A name that is no identifier stands between the braces, as of UTF-8 names.
  const line = plainName.test(metric) ? `${metric}{${pairs.join(',')}}` : `{${[quoted(metric), ...pairs].join(',')}}`;
  return { metric, line, value: floats.values[last] ?? Number.NaN, atMs };
}

function expositionOf(samples: readonly FederatedSample[]): string {
  let text = '';
  let metric: string | undefined;
  for (const sample of samples.toSorted((a, b) => compare(a.metric, b.metric) || compare(a.line, b.line))) {
    if (sample.metric !== metric) {
      metric = sample.metric;
      text += `# TYPE ${plainName.test(metric) ? metric : quoted(metric)} untyped\n`;
    }
    text += `${sample.line} ${showSampleValue(sample.value)} ${sample.atMs}\n`;
  }
  return text;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;
}
