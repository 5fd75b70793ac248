import {
  defineProtocol,
  metricsKeptMs,
  type Checked,
  type Ending,
  type ProtocolReply,
  type ProtocolRequest,
} from '../../protocol.ts';
import { unsnappy } from '../../snappy-block.ts';
import type { SampleWindow, WalkedRequest } from './walked-request.ts';
import { walkWriteRequest } from './write-request.ts';
import { walkWriteRequestV2 } from './write-request-v2.ts';

/** The lane whose frames are `WriteRequest` bytes. */
export const remoteWriteLane = 'prometheus-remote-write';
/** The lane whose frames are `io.prometheus.write.v2.Request` bytes, whoever made them. */
export const remoteWrite2Lane = 'metrics-rw2';

type BareRequest = Omit<ProtocolRequest, 'scope'>;

/** The specification asks for snappy; `Content-Encoding: snappy` is undone already, some clients leave it out. */
async function uncompress(request: BareRequest, limitBytes: number): Promise<Buffer> {
  return request.headers['content-encoding'] === undefined ? unsnappy(request.body, limitBytes) : request.body;
}

/** The message that a request holds, by its media type (https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#protocol). */
function messageOf({ headers, contentType }: BareRequest): 'rw1' | 'rw2' | undefined {
  if (contentType !== '' && contentType !== 'application/x-protobuf') return undefined;
  const named = /;\s*proto=["']?([^"';\s]*)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'prometheus.WriteRequest';
  if (named === 'prometheus.WriteRequest') return 'rw1';
  return named === 'io.prometheus.write.v2.Request' ? 'rw2' : undefined;
}

const unknownMessage = {
  kind: 'refuse',
  status: 415,
  reason: 'unsupported-type',
  message:
    'the media type is neither "application/x-protobuf" (prometheus.WriteRequest) nor "application/x-protobuf;proto=io.prometheus.write.v2.Request"',
  records: 1,
} as const;

const dayMs = 86_400_000;

type JudgedBody = Pick<ProtocolRequest, 'body' | 'receivedAtMs' | 'metricsFromMs'>;

/** Judges a request of either version, by its media type. */
export function checkRemoteWrite(request: ProtocolRequest): Checked {
  const message = messageOf(request);
  if (!message) return unknownMessage;
  if (message === 'rw2') return checkRemoteWrite2(request);
  const walked = walkWriteRequest(request.body, windowOf(request));
  return walked ? accepted(walked, remoteWriteLane) : noSuchMessage('prometheus.WriteRequest');
}

/** Judges an `io.prometheus.write.v2.Request`, whoever made it. */
export function checkRemoteWrite2(request: JudgedBody): Checked {
  const walked = walkWriteRequestV2(request.body, windowOf(request));
  if (!walked) return noSuchMessage('io.prometheus.write.v2.Request');
  const { samples, histograms, exemplars } = walked;
  return { ...accepted(walked, remoteWrite2Lane), headers: written(samples, histograms, exemplars) };
}

function windowOf({ receivedAtMs, metricsFromMs }: JudgedBody): SampleWindow {
  return { fromMs: metricsFromMs ?? receivedAtMs - metricsKeptMs, toMs: receivedAtMs + dayMs };
}

function noSuchMessage(name: string): Checked {
  return { kind: 'refuse', status: 400, reason: 'malformed', message: `the body is no ${name}`, records: 1 };
}

/** Exemplars and metadata belong to their samples: they are kept, and counted with none. */
function accepted(
  { bytes, samples, histograms, exemplars, metadata, refused }: WalkedRequest,
  lane: string,
): Extract<Checked, { kind: 'accept' }> {
  const records = samples + histograms;
  const frames = records + exemplars + metadata === 0 ? [] : [{ lane, bytes, records, signal: 'metrics' }];
  return { kind: 'accept', frames, refused };
}

/** What senders of 2.0 are told on every answer. */
function written(samples: number, histograms: number, exemplars: number): Record<string, string> {
  return {
    'x-prometheus-remote-write-samples-written': String(samples),
    'x-prometheus-remote-write-histograms-written': String(histograms),
    'x-prometheus-remote-write-exemplars-written': String(exemplars),
  };
}

/**
 * Plain text. Senders retry 429 and 5xx, and drop on any other 4xx; so a request of which a part was refused is a 400 after the
 * rest was stored, as the specification asks (https://prometheus.io/docs/specs/prw/remote_write_spec/#partial-write).
 */
export function remoteWriteReply(ending: Ending, request: BareRequest): ProtocolReply {
  const nothing = messageOf(request) === 'rw2' ? written(0, 0, 0) : {};
  if (ending.kind === 'refused') return plain(ending.status, ending.message, nothing);
  const headers = ending.headers ?? nothing;
  if (ending.refused.length === 0) return { status: 204, headers };
  const told = ending.refused.map(({ records, message }) => `${records} refused: ${message}`);
  return plain(400, told.join('; ').slice(0, 2000), headers);
}

function plain(status: number, text: string, headers: Readonly<Record<string, string>>): ProtocolReply {
  return { status, headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' }, body: `${text}\n` };
}

const write = {
  method: 'POST',
  contentTypes: [],
  signal: 'metrics',
  uncompress,
  check: checkRemoteWrite,
  reply: remoteWriteReply,
} as const;

export const prometheusRemoteWrite = defineProtocol({
  name: 'prometheus-remote-write',
  title: 'Prometheus remote write',
  docs: 'Metrics of Prometheus, Grafana Alloy, vmagent, Telegraf and all others that speak remote write 1.0 or 2.0: `POST /prometheus/api/v1/write`. https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/',
  endpoints: [
    { ...write, path: '/prometheus/api/v1/write' },
    { ...write, path: '/api/v1/write' },
  ],
  lanes: [
    { name: remoteWriteLane, kind: 'metrics', format: 'rw1' },
    { name: remoteWrite2Lane, kind: 'metrics', format: 'rw2' },
  ],
});
