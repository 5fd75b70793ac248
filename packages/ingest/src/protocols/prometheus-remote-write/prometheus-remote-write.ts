import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineProtocol, type Checked, type Ending, type ProtocolReply, type ProtocolRequest } from '../../protocol.ts';
import { unsnappy } from '../../snappy-block.ts';
import { walkWriteRequest } from './write-request.ts';

/** The lane whose frames are `WriteRequest` bytes. */
export const remoteWriteLane = 'prometheus-remote-write';

type BareRequest = Omit<ProtocolRequest, 'scope'>;

/** The specification asks for snappy; `Content-Encoding: snappy` is undone already, some clients leave it out. */
async function uncompress(request: BareRequest, limitBytes: number): Promise<Buffer> {
  return request.headers['content-encoding'] === undefined ? unsnappy(request.body, limitBytes) : request.body;
}

/** Version 2.0 says so in the media type's parameter, or in the version header. */
function isVersion2({ headers }: BareRequest): boolean {
  return (
    /proto=["']?io\.prometheus\.write\.v2/.test(headers['content-type'] ?? '') ||
    (headers['x-prometheus-remote-write-version'] ?? '').startsWith('2.')
  );
}

const unsupportedVersion = {
  kind: 'refuse',
  status: 415,
  reason: 'unsupported-type',
  message: 'remote write 2.0 is not understood: set "protobuf_message: prometheus.WriteRequest" to send version 1.0',
  records: 1,
} as const;

export function checkRemoteWrite(request: ProtocolRequest): Checked {
  if (isVersion2(request)) return unsupportedVersion;
  const walked = walkWriteRequest(request.body, request.receivedAtMs);
  if (walked === undefined) {
    return {
      kind: 'refuse',
      status: 400,
      reason: 'malformed',
      message: 'the body is no prometheus.WriteRequest',
      records: 1,
    };
  }
  const { bytes, samples, refused } = walked;
  const frames = samples === 0 ? [] : [{ lane: remoteWriteLane, bytes, records: samples, signal: 'metrics' }];
  return { kind: 'accept', frames, refused };
}

/**
 * Plain text. Senders retry 429 and 5xx, and drop on any other 4xx; so a request of which a part was refused is a 400 after the
 * rest was stored, as the specification asks (https://prometheus.io/docs/specs/prw/remote_write_spec/#partial-write).
 */
export function remoteWriteReply(ending: Ending): ProtocolReply {
  if (ending.kind === 'refused') return plain(ending.status, ending.message);
  if (ending.refused.length === 0) return { status: 204 };
  return plain(
    400,
    ending.refused
      .map(({ records, message }) => `${records} refused: ${message}`)
      .join('; ')
      .slice(0, 2000),
  );
}

function plain(status: number, text: string): ProtocolReply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${text}\n` };
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
  docs: 'Metrics of Prometheus, Grafana Alloy, vmagent, Telegraf and all others that speak remote write 1.0: `POST /prometheus/api/v1/write`. https://prometheus.io/docs/specs/prw/remote_write_spec/',
  endpoints: [
    { ...write, path: '/prometheus/api/v1/write' },
    { ...write, path: '/api/v1/write' },
  ],
  lanes: [
    {
      name: remoteWriteLane,
      kind: 'engine',
      formatSchema: `${fileURLToPath(new URL('remote-write.proto', import.meta.url))}:SpooledRemoteWrite`,
      sql: [{ name: 'points', sql: readFileSync(new URL('points.sql', import.meta.url), 'utf8') }],
    },
  ],
});
