import { noPromotion, type ReceivedSeries, type ResourcePromotion } from '@sightline/record';
import { describe, expect, test } from 'vitest';
import { ProtobufWriter, writeAttributes, type AttributeValue } from '../otlp/index.ts';
import type { FrameOrigin } from '../protocol.ts';
import { decodeOtlpMetrics } from './otlp-metrics.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const scope = { organisation: 'acme', keyId: 'k', site: '', device: '', service: '', environment: '' };
type Attributes = Readonly<Record<string, AttributeValue>>;
type Write = (writer: ProtobufWriter) => void;

function message(writer: ProtobufWriter, field: number, write: Write): void {
  const opened = writer.open(field);
  write(writer);
  writer.close(opened);
}

/** A request of one resource and one scope. */
function request(resource: Attributes, ...metrics: Write[]): Buffer {
  const writer = new ProtobufWriter();
  message(writer, 1, () => {
    message(writer, 1, () => writeAttributes(writer, 1, resource));
    message(writer, 2, () => {
      for (const metric of metrics) message(writer, 2, metric);
    });
  });
  return writer.finish();
}

const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;

interface Point {
  readonly attributes?: Attributes;
  readonly at?: number;
  readonly start?: number;
  readonly flags?: number;
  /** Writes the fields of its kind. */
  readonly fields?: Write;
}

function metric(
  name: string,
  field: 5 | 7 | 9 | 10 | 11,
  points: readonly Point[],
  options: { readonly unit?: string; readonly temporality?: number; readonly monotonic?: boolean } = {},
): Write {
  return (writer) => {
    writer.string(1, name);
    writer.string(2, 'what it is');
    writer.string(3, options.unit ?? '');
    const [attributesAt, flagsAt] = { 5: [7, 8], 7: [7, 8], 9: [9, 10], 10: [1, 10], 11: [7, 8] }[field] as [
      number,
      number,
    ];
    message(writer, field, () => {
      for (const { attributes = {}, at = now, start = 0, flags = 0, fields } of points)
        message(writer, 1, () => {
          writeAttributes(writer, attributesAt, attributes);
          writer.fixed64(2, ns(start));
          writer.fixed64(3, ns(at));
          writer.integer(flagsAt, flags);
          fields?.(writer);
        });
      writer.integer(2, options.temporality ?? 0);
      if (options.monotonic) writer.integer(3, 1);
    });
  };
}

const gauge = (name: string, value: number, attributes: Attributes = {}, unit = ''): Write =>
  metric(name, 5, [{ attributes, fields: (writer) => writer.double(4, value) }], { unit });

/** `name{label="value",…}` with labels in order, and the last value. */
function told({ labels, values, stale }: ReceivedSeries): string {
  const pairs = new Map<string, string>();
  for (let at = 0; at < labels.length; at += 2) {
    expect(pairs.has(labels[at] ?? '')).toBe(false);
    pairs.set(labels[at] ?? '', labels[at + 1] ?? '');
  }
  const name = pairs.get('__name__') ?? '';
  pairs.delete('__name__');
  const text = [...pairs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}="${value}"`)
    .join(',');
  return `${name}{${text}} ${stale ? 'stale' : values.at(-1)}`;
}

function decode(bytes: Buffer, more: { origin?: FrameOrigin; scope?: typeof scope } = {}) {
  return decodeOtlpMetrics({ scope, receivedAtMs: now, bytes, ...more });
}
const toldAll = (bytes: Buffer): string[] => decode(bytes).series.map(told);
const till = { 'service.name': 'till' };

describe('resource attributes', () => {
  test.each<[what: string, resource: Attributes, expected: string[]]>([
    ['a name alone', till, ['x{job="till",service="till"} 1']],
    [
      'namespace and instance',
      { ...till, 'service.namespace': 'shop', 'service.instance.id': 'i-1' },
      ['x{instance="i-1",job="shop/till",service="till"} 1'],
    ],
    [
      'what is promoted, and target_info',
      {
        ...till,
        'store.id': 'STORE_1',
        'deployment.environment.name': 'production',
        'device.id': 'till-3',
        'host.name': 'box',
        'process.pid': 12,
      },
      [
        'x{device="till-3",environment="production",instance="box",job="till",service="till",site="STORE_1"} 1',
        'target_info{deployment_environment_name="production",device="till-3",device_id="till-3",environment="production",host_name="box",instance="box",job="till",process_pid="12",service="till",site="STORE_1",store_id="STORE_1"} 1',
      ],
    ],
    ['nothing', {}, ['x{job="unknown",service="unknown"} 1']],
  ])('%s', (_, resource, expected) => expect(toldAll(request(resource, gauge('x', 1)))).toEqual(expected));

  const rich = {
    ...till,
    'service.namespace': 'shop',
    'k8s.pod.name': 'pod-1',
    'cloud.region': 'eu',
    cloud_region: 'us',
    service: 'other',
    job: 'mine',
  };
  const toldWith = (promotion: ResourcePromotion, attributes: Attributes = {}): string | undefined =>
    decodeOtlpMetrics({ scope, receivedAtMs: now, bytes: request(rich, gauge('x', 1, attributes)) }, promotion)
      .series.map(told)
      .find((text) => text.startsWith('x{'));
  test.each<[what: string, promotion: ResourcePromotion, own: Attributes, expected: string]>([
    ['nothing', noPromotion, {}, 'x{job="shop/till",service="till"} 1'],
    [
      'some, where they are there',
      { attributes: ['k8s.pod.name', 'nothing.here', 'service.name'], all: false },
      {},
      'x{job="shop/till",k8s_pod_name="pod-1",service="till",service_name="till"} 1',
    ],
    [
      'what a point has is its own, and what the product knows stays',
      { attributes: ['k8s.pod.name', 'service', 'job'], all: false },
      { 'k8s.pod.name': 'point' },
      'x{job="shop/till",k8s_pod_name="point",service="till"} 1',
    ],
    [
      'all but some; names that become alike share a label',
      { attributes: ['k8s.pod.name', 'service.name'], all: true },
      {},
      'x{cloud_region="eu;us",job="shop/till",service="till",service_namespace="shop"} 1',
    ],
  ])('promoted: %s', (_, promotion, own, expected) => expect(toldWith(promotion, own)).toBe(expected));

  test('what is promoted changes nothing of target_info', () => {
    const bytes = request(rich, gauge('x', 1));
    const info = (promotion: ResourcePromotion) =>
      decodeOtlpMetrics({ scope, receivedAtMs: now, bytes }, promotion).series.map(told).at(-1);
    expect(info({ attributes: [], all: true })).toBe(info(noPromotion));
  });

  test('the key says what the client does not', () => {
    const bytes = request({}, gauge('x', 1));
    const known = { ...scope, site: 'S', service: 'web', device: 'd', environment: 'e' };
    expect(decode(bytes, { scope: known }).series.map(told)).toEqual([
      'x{device="d",environment="e",instance="d",job="web",service="web",site="S"} 1',
    ]);
  });

  test('what a site forwards is its own, by our clock', () => {
    const origin = { agent: 'a', lane: 'metrics', segment: 's', index: 0, keptAtMs: now - 5000, skewMs: 60_000 };
    const bytes = request(
      { ...till, 'store.id': 'OTHER' },
      metric('x', 5, [
        { at: now + 60_000, start: now },
        { at: 0, attributes: { site: 'OTHER' } },
      ]),
    );
    const { series } = decode(bytes, { origin, scope: { ...scope, site: 'MINE' } });
    expect(series.filter(({ help }) => help === 'what it is')).toMatchObject([
      { times: [now], startTimes: [now - 60_000] },
      { times: [now - 5000] },
    ]);
    for (const one of series) expect(told(one)).toContain('site="MINE"');
  });
});

describe('labels of a point', () => {
  test.each<[what: string, attributes: Attributes, expected: string]>([
    [
      'all kinds of values',
      { a: 'x', b: true, c: 7, d: 0.5, e: -3n },
      'a="x",b="true",c="7",d="0.5",e="-3",job="till",',
    ],
    ['an empty value', { a: '' }, '{job='],
    ['names that become alike', { 'a.b': '2', 'a-b': '1', a_b: '3' }, 'a_b="1;2;3"'],
    ['a name of our own', { job: 'mine', service: 'own' }, 'job="till",service="own"'],
    ['a value that looks like a name', { a: 'b', b: 'c', c: 'a' }, 'a="b",b="c",c="a"'],
    ['the site named by a point', { 'store.id': 'S1' }, 'site="S1"'],
    ['no other name', { __name__: 'y' }, 'x{job='],
  ])('%s', (_, attributes, expected) =>
    expect(toldAll(request(till, gauge('x', 1, attributes)))[0]).toContain(expected),
  );
});

describe('kinds', () => {
  const double =
    (value: number): Write =>
    (writer) =>
      writer.double(4, value);

  test.each<[what: string, metric: Write, expected: Partial<ReceivedSeries>]>([
    ['gauge', gauge('g', 2.5, {}, 'By'), { type: 'gauge', unit: 'bytes', delta: false, values: [2.5] }],
    ['integer', metric('g', 5, [{ fields: (writer) => writer.fixed64(6, -5n) }]), { type: 'gauge', values: [-5] }],
    [
      'monotonic sum',
      metric('c', 7, [{ fields: double(3), start: now - 1000 }], { monotonic: true, temporality: 2 }),
      { type: 'counter', delta: false, startTimes: [now - 1000] },
    ],
    [
      'growth',
      metric('c', 7, [{ fields: double(3) }], { monotonic: true, temporality: 1 }),
      { type: 'counter', delta: true },
    ],
    ['sum up and down', metric('c', 7, [{ fields: double(3) }], { temporality: 2 }), { type: 'gauge', delta: false }],
  ])('%s', (_, bytes, expected) => expect(decode(request(till, bytes)).series).toMatchObject([expected]));

  const buckets: Write = (writer) => {
    writer.fixed64(4, 6n);
    writer.double(5, 12.5);
    const counts = new ProtobufWriter();
    for (const count of [1n, 2n, 3n]) counts.fixed64Always(1, count);
    const packed = counts.finish();
    writer.bytes(6, Buffer.concat([packed.subarray(1, 9), packed.subarray(10, 18), packed.subarray(19, 27)]));
    const bounds = Buffer.alloc(16);
    bounds.writeDoubleLE(0.0000001, 0);
    bounds.writeDoubleLE(10, 8);
    writer.bytes(7, bounds);
    for (const value of [5, 99])
      message(writer, 8, () => {
        writer.fixed64(2, ns(now - 7));
        writer.double(3, value);
        writer.bytes(4, Buffer.from('0102030405060708', 'hex'));
        writer.bytes(5, Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'));
      });
  };

  test('histogram', () => {
    const { series } = decode(request(till, metric('h', 9, [{ fields: buckets }], { unit: 's', temporality: 2 })));
    expect(series.map(told)).toEqual([
      'h_seconds_sum{job="till",service="till"} 12.5',
      'h_seconds_count{job="till",service="till"} 6',
      'h_seconds_bucket{job="till",le="0.0000001",service="till"} 1',
      'h_seconds_bucket{job="till",le="10",service="till"} 3',
      'h_seconds_bucket{job="till",le="+Inf",service="till"} 6',
    ]);
    expect(series[3]?.exemplars).toEqual([
      {
        labels: ['span_id', '0102030405060708', 'trace_id', '000102030405060708090a0b0c0d0e0f'],
        value: 5,
        atMs: now - 7,
      },
    ]);
    expect(series[4]?.exemplars).toMatchObject([{ value: 99 }]);
    expect(series.every(({ type }) => type === 'histogram')).toBe(true);
  });

  test('summary', () => {
    const fields: Write = (writer) => {
      writer.fixed64(4, 3n);
      writer.double(5, 9);
      message(writer, 6, () => {
        writer.double(1, 0.99);
        writer.double(2, 4);
      });
    };
    expect(toldAll(request(till, metric('s', 11, [{ fields }])))).toEqual([
      's_sum{job="till",service="till"} 9',
      's_count{job="till",service="till"} 3',
      's{job="till",quantile="0.99",service="till"} 4',
    ]);
  });

  test('no recorded value marks every series of the point as ended', () => {
    const { series } = decode(request(till, metric('h', 9, [{ fields: buckets, flags: 1 }])));
    expect(series).toHaveLength(5);
    for (const { stale, values } of series) expect([stale, values]).toEqual([[0], [NaN]]);
  });

  const exponential =
    (scale: number, offset: number, counts: readonly number[], zeroThreshold = 0): Write =>
    (writer) => {
      const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
      writer.fixed64(4, 10n);
      writer.double(5, 1.5);
      writer.integer(6, zigzag(scale));
      writer.fixed64(7, 2n);
      for (const side of [8, 9])
        message(writer, side, () => {
          writer.integer(1, zigzag(offset));
          writer.bytes(2, Buffer.from(counts));
        });
      if (zeroThreshold > 0) writer.double(14, zeroThreshold);
    };

  test.each<[what: string, fields: Write, schema: number, spans: [number, number][], buckets: number[]]>([
    ['as it is', exponential(3, -1, [1, 2, 3]), 3, [[0, 3]], [1, 2, 3]],
    ['a short gap is filled', exponential(3, 0, [1, 0, 0, 3]), 3, [[1, 4]], [1, 0, 0, 3]],
    [
      'a long gap is a span',
      exponential(3, 0, [1, 0, 0, 0, 3]),
      3,
      [
        [1, 1],
        [3, 1],
      ],
      [1, 3],
    ],
    ['too fine: buckets are joined', exponential(10, -3, [1, 2, 3, 4, 5]), 8, [[0, 2]], [6, 9]],
    ['empty', exponential(0, 4, []), 0, [], []],
  ])('exponential histogram: %s', (_, fields, schema, spans, bucketsExpected) => {
    const { series } = decode(request(till, metric('e', 10, [{ fields }], { temporality: 2 })));
    const side = spans.map(([offset, length]) => ({ offset, length }));
    expect(series[0]?.histograms?.[0]).toMatchObject({
      schema,
      zeroThreshold: 1e-128,
      zeroCount: 2,
      count: 10,
      sum: 1.5,
      positiveSpans: side,
      negativeSpans: side,
      positiveBuckets: bucketsExpected,
      negativeBuckets: bucketsExpected,
    });
  });

  test('exponential histogram: zero threshold, growth, too coarse', () => {
    const fields = exponential(0, 0, [1], 0.25);
    const { series } = decode(request(till, metric('e', 10, [{ fields }], { temporality: 1 })));
    expect(series).toMatchObject([{ delta: true, histograms: [{ zeroThreshold: 0.25 }] }]);
    const coarse = metric('e', 10, [{ fields: exponential(-5, 0, [1]) }]);
    const { series: rest, refused } = decode(request(till, coarse, gauge('x', 1)));
    expect(rest.map(told)).toEqual(['x{job="till",service="till"} 1']);
    expect(refused).toMatchObject([{ reason: 'unsupported-type', records: 1 }]);
  });
});

test('refused alone: a metric without a name, a point with too many attributes', () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`a${n}`, 'x']));
  const { series, refused } = decode(request(till, gauge('...', 1), gauge('y', 1, many), gauge('x', 1)));
  expect(series.map(told)).toEqual(['x{job="till",service="till"} 1']);
  expect(refused.map(({ reason, records }) => [reason, records])).toEqual([
    ['malformed', 1],
    ['too-large', 1],
  ]);
});

test('target_info covers the time of a late request', () => {
  const bytes = request({ ...till, host: 'h' }, metric('x', 5, [{ at: now - 400_000 }, { at: now }]));
  expect(decode(bytes).series.at(-1)?.times).toEqual([400_000, 250_000, 100_000, 0].map((ago) => now - ago));
});

test('a sample keeps its millisecond', () => {
  for (const at of [1, 999, now, now + 1, now + 999, 4_102_444_800_001])
    expect(decode(request(till, metric('x', 5, [{ at }]))).series[0]?.times).toEqual([at]);
});

test('any bytes end as a value', () => {
  const good = request({ ...till, a: 'b' }, gauge('x', 1, { c: 'd' }), metric('c', 7, [{}], { monotonic: true }));
  let seed = 5;
  const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  for (let round = 0; round < 3000; round++) {
    const mutant = Buffer.from(good);
    mutant[random(mutant.length)] = random(256);
    decode(mutant.subarray(0, random(4) ? mutant.length : random(mutant.length)));
  }
});
