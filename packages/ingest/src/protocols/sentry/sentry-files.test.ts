import { deflateSync } from 'node:zlib';
import { encode } from '@msgpack/msgpack';
import { expect, test } from 'vitest';
import { decodeOtlpMetrics } from '../../metric-formats/index.ts';
import type { Checked, CheckIn, Decoded, DecodePorts, ProtocolRequest } from '../../protocol.ts';
import { checkEnvelope } from './check-envelope.ts';
import { decodeEnvelope } from './decode-envelope.ts';
import { checkMinidump } from './minidump.ts';
import { sentry } from './sentry.ts';

const scope = { organisation: 'acme', keyId: 'k1', site: '', device: '', service: '', environment: '' };
const now = Date.parse('2026-11-20T12:00:00Z');
const replayId = '5ec79c33ec9942ab8353589fcb2e04dc';

function request(body: Buffer | string, headers: Record<string, string> = {}): ProtocolRequest {
  return {
    method: 'POST',
    params: { project: '7' },
    query: new URLSearchParams(),
    headers,
    contentType: '',
    body: Buffer.from(body),
    scope,
    receivedAtMs: now,
  };
}

/** An envelope of items with told lengths. */
function envelope(...items: readonly (readonly [header: Record<string, unknown>, payload: object | Buffer])[]): Buffer {
  const parts = items.flatMap(([header, payload]) => {
    const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
    return [Buffer.from(`${JSON.stringify({ ...header, length: bytes.length })}\n`), bytes, Buffer.from('\n')];
  });
  return Buffer.concat([Buffer.from(`{"event_id":"${replayId}"}\n`), ...parts]);
}

/** What a server keeps that takes everything: blobs by number, and check-ins. */
function keeper(): { ports: DecodePorts; blobs: Buffer[]; checkIns: CheckIn[] } {
  const blobs: Buffer[] = [];
  const checkIns: CheckIn[] = [];
  const ports: DecodePorts = {
    keepBlob: async (_organisation, area, bytes) => `${area}-${blobs.push(Buffer.from(bytes)) - 1}`,
    checkIn: async (checkIn) => void checkIns.push(checkIn),
  };
  return { ports, blobs, checkIns };
}

function framesOf(checked: Checked): Extract<Checked, { kind: 'accept' }>['frames'] {
  if (checked.kind !== 'accept') throw new Error(checked.message);
  return checked.frames;
}

async function decoded(checked: Checked, ports: DecodePorts): Promise<Decoded> {
  const all = await Promise.all(
    framesOf(checked)
      .filter(({ lane }) => lane.startsWith('sentry-'))
      .map((frame) =>
        decodeEnvelope(
          { ...frame, scope, protocol: 'sentry', project: 7, receivedAtMs: now, bytes: Buffer.from(frame.bytes) },
          ports,
        ),
      ),
  );
  return { tables: all.flatMap(({ tables }) => tables), refused: all.flatMap(({ refused }) => refused) };
}

const rowsOf = ({ tables }: Decoded, table: string): readonly Record<string, unknown>[] =>
  tables.filter((one) => one.table === table).flatMap(({ rows }) => rows);

test('a replay of a browser that tells itself by its header alone', async () => {
  const { ports } = keeper();
  const agent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0';
  const event = {
    replay_id: replayId,
    segment_id: 0,
    timestamp: now / 1000,
    request: { headers: { 'User-Agent': agent } },
  };
  const read = await decoded(checkEnvelope(request(envelope([{ type: 'replay_event' }, event]))), ports);
  expect(rowsOf(read, 'replays')).toMatchObject([{ browser: 'Firefox 127.0', os: 'Windows >=10' }]);
});

test('a replay: its event, and its recording as it came', async () => {
  const { ports, blobs } = keeper();
  const packed = deflateSync('[{"type":4}]');
  const event = {
    type: 'replay_event',
    replay_id: replayId,
    segment_id: 3,
    replay_type: 'buffer',
    timestamp: now / 1000,
    replay_start_timestamp: now / 1000 - 60,
    urls: ['https://till/?token=abc12345678'],
    error_ids: ['9ec79c33ec9942ab8353589fcb2e04dc', 'nonsense'],
    trace_ids: [],
    release: 'till@1.0.0',
    tags: { 'site.id': 'STORE_1' },
    contexts: { browser: { name: 'Chrome', version: '140' } },
  };
  const checked = checkEnvelope(
    request(
      envelope(
        [{ type: 'replay_event' }, event],
        [{ type: 'replay_recording' }, Buffer.concat([Buffer.from('{"segment_id":3}\n'), packed])],
      ),
    ),
  );
  expect(framesOf(checked).map(({ lane, signal, records }) => [lane, signal, records])).toEqual([
    ['sentry-files', 'replays', 2],
  ]);
  const read = await decoded(checked, ports);
  expect(rowsOf(read, 'replays')).toMatchObject([
    {
      replay_id: replayId,
      segment: 3,
      kind: 'buffer',
      site: 'STORE_1',
      service: 'till',
      started_at: now - 60_000,
      errors: ['9ec79c33ec9942ab8353589fcb2e04dc'],
      browser: 'Chrome 140',
    },
  ]);
  expect(JSON.stringify(rowsOf(read, 'replays'))).not.toContain('abc12345678');
  expect(rowsOf(read, 'replay_segments')).toMatchObject([
    { replay_id: replayId, segment: 3, kind: 'recording', blob: 'replays-0', size_bytes: packed.length },
  ]);
  expect(blobs[0]).toEqual(packed);
});

test('a mobile replay: event, recording and video of one item', async () => {
  const { ports, blobs } = keeper();
  const item = encode({
    replay_event: Buffer.from(JSON.stringify({ replay_id: replayId, segment_id: 1, platform: 'android' })),
    replay_recording: Buffer.from('{"segment_id":1}\n[]'),
    replay_video: Buffer.from('mp4'),
  });
  const broken = Buffer.from('no MessagePack');
  const checked = checkEnvelope(
    request(envelope([{ type: 'replay_video' }, broken], [{ type: 'replay_video' }, Buffer.from(item)])),
  );
  const read = await decoded(checked, ports);
  expect(rowsOf(read, 'replay_segments').map(({ kind, segment }) => [kind, segment])).toEqual([
    ['video', 1],
    ['recording', 1],
  ]);
  expect(blobs.map(String)).toEqual(['mp4', '[]']);
  expect(read.refused).toMatchObject([{ signal: 'replays', reason: 'malformed', records: 1 }]);
});

test('profiles are kept as they came, with what finds them', async () => {
  const { ports, blobs } = keeper();
  const chunk = {
    chunk_id: replayId,
    profiler_id: '1ec79c33ec9942ab8353589fcb2e04dc',
    platform: 'node',
    release: 'a@1',
    profile: { samples: [2.5, 0.25, 1].map((s) => ({ stack_id: 0, thread_id: '0', timestamp: now / 1000 - 60 + s })) },
  };
  const checked = checkEnvelope(
    request(
      envelope(
        [{ type: 'profile_chunk', platform: 'node' }, chunk],
        [
          { type: 'profile' },
          {
            event_id: replayId,
            timestamp: new Date(now - 5000).toISOString(),
            transaction: { name: 'GET /', trace_id: '2ec79c33ec9942ab8353589fcb2e04dc' },
            profile: { samples: [{ elapsed_since_start_ns: '1000000' }, { elapsed_since_start_ns: 31_000_000 }] },
          },
        ],
        // As the first Android clients wrote it: samples in a form of their own.
        [
          { type: 'profile' },
          { profile_id: replayId, transaction_name: 'Till', duration_ns: '2000000', timestamp: 'x' },
        ],
      ),
    ),
  );
  expect(rowsOf(await decoded(checked, ports), 'profiles')).toMatchObject([
    {
      kind: 'chunk',
      profile_id: replayId,
      profiler_id: chunk.profiler_id,
      service: 'a',
      blob: 'profiles-0',
      ts: now - 59_750,
      duration_ms: 2250,
      samples: 3,
    },
    {
      kind: 'transaction',
      profile_id: replayId,
      transaction: 'GET /',
      blob: 'profiles-1',
      ts: now - 5000,
      duration_ms: 30,
      samples: 2,
    },
    { kind: 'transaction', transaction: 'Till', ts: now, duration_ms: 2, samples: 0 },
  ]);
  expect(JSON.parse(String(blobs[0]))).toEqual(chunk);
});

test('what cannot be kept is refused by the decoder, and its neighbours stand', async () => {
  const { ports } = keeper();
  const small: DecodePorts = { ...ports, keepBlob: async (_o, _a, bytes) => (bytes.length > 3 ? undefined : 'blob') };
  const checked = checkEnvelope(
    request(envelope([{ type: 'attachment' }, Buffer.from('large')], [{ type: 'attachment' }, Buffer.from('ok')])),
  );
  const read = await decoded(checked, small);
  expect(rowsOf(read, 'attachments')).toMatchObject([{ blob: 'blob', size_bytes: 2 }]);
  expect(read.refused).toMatchObject([{ signal: 'attachments', reason: 'too-large', records: 1 }]);
});

test('metrics become growth, states and native histograms under Prometheus’ names', () => {
  const item = (type: string, name: string, value: unknown, more: object = {}): object => ({
    timestamp: now / 1000,
    trace_id: replayId,
    type,
    name,
    value,
    attributes: {
      lane: { type: 'integer', value: 3 },
      'sentry.release': { type: 'string', value: 'till@1.0.0' },
      'user.id': { type: 'string', value: 'ana' },
      'sentry.timestamp.sequence': { type: 'integer', value: 1 },
    },
    ...more,
  });
  const items = [
    item('counter', 'sales', 2),
    item('counter', 'sales', 3),
    item('gauge', 'queue.depth', 7),
    item('distribution', 'scan', 120, { unit: 'millisecond' }),
    item('distribution', 'scan', 480, { unit: 'millisecond' }),
    item('counter', 'poisoned', 'many'),
    item('set', 'old', 1),
    item('counter', 'ancient', 1, { timestamp: 1 }),
  ];
  const header = {
    type: 'trace_metric',
    item_count: items.length,
    content_type: 'application/vnd.sentry.items.trace-metric+json',
  };
  const checked = checkEnvelope(request(envelope([header, { items }])));
  if (checked.kind !== 'accept') throw new Error(checked.message);
  expect(checked.refused.map(({ signal, reason }) => [signal, reason])).toEqual([
    ['metrics', 'no-value'],
    ['metrics', 'unsupported-type'],
    ['metrics', 'too-old'],
  ]);
  const [frame] = checked.frames;
  expect(frame).toMatchObject({ lane: 'otlp-metrics', signal: 'metrics', records: 5 });
  const { series } = decodeOtlpMetrics({ bytes: Buffer.from(frame?.bytes ?? []), scope, receivedAtMs: now });
  const named = new Map(series.map((one) => [one.labels[one.labels.indexOf('__name__') + 1], one]));
  expect([...named.keys()]).toEqual(expect.arrayContaining(['queue_depth', 'sales_total', 'scan_milliseconds']));
  expect(named.get('sales_total')).toMatchObject({ values: [5], delta: true });
  expect(named.get('queue_depth')).toMatchObject({ values: [7] });
  const labels = named.get('sales_total')?.labels ?? [];
  expect(labels[labels.indexOf('lane') + 1]).toBe('3');
  expect(labels.join()).not.toMatch(/ana|sequence/);
});

test('lines of StatsD become metrics as others do, each line in one outcome', () => {
  const seconds = now / 1000;
  const lines = [
    `sales@none:2:3|c|#release:till@1.2.0,environment:shop,site.id:STORE_9,lane:a\\u{2c}b\\u{7c}c\\\\d|T${seconds}`,
    `queue.depth:-7:1:9:20:4|g|#site.id:STORE_9|T${seconds}`,
    `scan@millisecond:12:30:55.5|d|#site.id:STORE_9|T${seconds}`,
    `users:1:2:2:abc|s|#site.id:STORE_9|T${seconds}`,
    `sales@none:1|c|T${seconds - 86_400 * 400}`,
    'no line at all',
    'sales:x|c',
    '@none:1|c',
    '',
  ];
  const checked = checkEnvelope(request(envelope([{ type: 'statsd' }, Buffer.from(lines.join('\n'))])));
  if (checked.kind !== 'accept') throw new Error(checked.message);
  expect(checked.refused.map(({ signal, reason, records }) => [signal, reason, records])).toEqual([
    ['metrics', 'too-old', 1],
    ['metrics', 'malformed', 1],
    ['metrics', 'malformed', 1],
    ['metrics', 'malformed', 1],
  ]);
  const [frame] = checked.frames;
  expect(frame).toMatchObject({ lane: 'otlp-metrics', signal: 'metrics', records: 4 });
  const { series } = decodeOtlpMetrics({ bytes: Buffer.from(frame?.bytes ?? []), scope, receivedAtMs: now });
  const named = new Map(
    series.map(({ labels, ...one }) => {
      const byName = Object.fromEntries(labels.flatMap((label, i) => (i % 2 === 0 ? [[label, labels[i + 1]]] : [])));
      return [byName['__name__'], { ...one, labels: byName }] as const;
    }),
  );
  expect(named.get('sales_total')).toMatchObject({
    values: [5],
    delta: true,
    labels: { lane: 'a,b|c\\d', site: 'STORE_9', environment: 'shop' },
  });
  expect(named.get('queue_depth')).toMatchObject({ values: [-7], labels: { site: 'STORE_9' } });
  expect(named.get('users')).toMatchObject({ values: [3] });
  expect(named.get('scan_milliseconds')?.histograms?.[0]).toMatchObject({ count: 3, sum: 97.5 });
});

test('an OTLP log item is a log like any other', () => {
  const record = {
    timeUnixNano: `${now}000000`,
    severityText: 'WARN',
    severityNumber: 13,
    body: { stringValue: 'paper is low' },
    attributes: [{ key: 'lane', value: { intValue: '3' } }],
  };
  const [frame] = framesOf(checkEnvelope(request(envelope([{ type: 'otel_log' }, record]))));
  expect(frame).toMatchObject({ lane: 'otlp-logs', signal: 'logs', records: 1 });
  expect(Buffer.from(frame?.bytes ?? []).toString('latin1')).toContain('paper is low');
});

test('a check-in is told to who watches, with its schedule', async () => {
  const { ports, checkIns } = keeper();
  const config = { schedule: { type: 'interval', value: 5, unit: 'minute' }, checkin_margin: 1 };
  const checkIn = { check_in_id: replayId, monitor_slug: 'sync', status: 'in_progress', monitor_config: config };
  await decoded(checkEnvelope(request(envelope([{ type: 'check_in' }, checkIn]))), ports);
  expect(checkIns).toMatchObject([{ organisation: 'acme', monitor: 'sync', status: 'in_progress', config, atMs: now }]);
});

test.each([
  [
    'traces',
    'otlp-traces',
    {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  traceId: '5b8efff798038103d269b633813fc60c',
                  spanId: 'eee19b7ec3c1b174',
                  name: 'charge',
                  startTimeUnixNano: `${now}000000`,
                  endTimeUnixNano: `${now + 5}000000`,
                },
              ],
            },
          ],
        },
      ],
    },
  ],
  [
    'logs',
    'otlp-logs',
    {
      resourceLogs: [
        { scopeLogs: [{ logRecords: [{ timeUnixNano: `${now}000000`, body: { stringValue: 'paper is low' } }] }] },
      ],
    },
  ],
])('%s of OpenTelemetry’s exporters, as the SDKs’ OTLP integration sends them', (name, lane, sent) => {
  for (const slash of ['', '/']) {
    const endpoint = sentry.endpoints.find(({ path }) => path === `/api/:project/integration/otlp/v1/${name}${slash}`);
    const asked = {
      ...request(JSON.stringify(sent), { 'x-sentry-auth': 'sentry sentry_key=abc, sentry_version=7' }),
      contentType: 'application/json',
    };
    expect(endpoint?.key?.(asked)).toBe('abc');
    const checked = endpoint?.check(asked);
    expect(checked).toMatchObject({ kind: 'accept', refused: [], frames: [{ lane, records: 1 }] });
    if (checked?.kind !== 'accept') throw new Error('refused');
    expect(endpoint?.reply({ ...checked, kind: 'stored' }, asked)).toMatchObject({ status: 200, body: '{}' });
  }
});

test('a minidump is an event and its attachments', async () => {
  const { ports, blobs } = keeper();
  const form = [
    '--xx\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="a.dmp"\r\n\r\nMDMPbytes\r\n',
    '--xx\r\nContent-Disposition: form-data; name="sentry[release]"\r\n\r\nkiosk@2.0\r\n',
    '--xx\r\nContent-Disposition: form-data; name="sentry[tags][site.id]"\r\n\r\nSTORE_9\r\n',
    '--xx\r\nContent-Disposition: form-data; name="log"; filename="kiosk.log"\r\nContent-Type: text/plain\r\n\r\nlines\r\n',
    '--xx--\r\n',
  ].join('');
  const headers = { 'content-type': 'multipart/form-data; boundary=xx' };
  const read = await decoded(checkMinidump(request(form, headers)), ports);
  const [event] = rowsOf(read, 'errors');
  expect(event).toMatchObject({
    type: 'Minidump',
    site: 'STORE_9',
    release: 'kiosk@2.0',
    platform: 'native',
    handled: 0,
  });
  expect(rowsOf(read, 'attachments')).toMatchObject([
    { event_id: event?.['event_id'], name: 'a.dmp', attachment_type: 'event.minidump' },
    { event_id: event?.['event_id'], name: 'kiosk.log', content_type: 'text/plain' },
  ]);
  expect(blobs.map(String)).toEqual(['MDMPbytes', 'lines']);
  expect(await decoded(checkMinidump(request('MDMPbare')), ports)).toMatchObject({ refused: [] });
  for (const body of ['', 'nonsense', '--xx\r\nhalf', '--xx\r\n\r\n\r\n--xx--', form.replace('MDMP', 'ELF ')])
    expect(checkMinidump(request(body, headers))).toMatchObject({ kind: 'refuse', status: 400 });
});
