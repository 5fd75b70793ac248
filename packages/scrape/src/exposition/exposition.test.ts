import { describe, expect, test } from 'vitest';
import type { Exposed, ExposedSample } from './exposed.ts';
import { acceptHeader, defaultScrapeProtocols, nativeScrapeProtocols, parseExposition } from './negotiate.ts';
import { openMetricsNumber } from './number-text.ts';
import { parseOpenMetrics } from './open-metrics.ts';
import { parseProtobuf } from './protobuf.ts';
import { parseText } from './text.ts';

/** `name{label="value"} 1 @time (type, unit, help)` of each sample. */
function told(exposed: Exposed): string[] {
  if (!exposed.ok) throw new Error(exposed.error);
  return exposed.value.map(toldSample);
}
function toldSample({ labels, value, atMs, family }: ExposedSample): string {
  const pairs: string[] = [];
  let name = '';
  for (let at = 0; at < labels.length; at += 2) {
    if (labels[at] === '__name__') name = labels[at + 1] ?? '';
    else pairs.push(`${labels[at]}="${labels[at + 1]}"`);
  }
  return `${name}{${pairs.join(',')}} ${value}${atMs === undefined ? '' : ` @${atMs}`} ${family.type}`;
}

describe('text', () => {
  test.each<[what: string, text: string, expected: string[]]>([
    ['nothing', '', []],
    ['a bare name', 'up 1', ['up{} 1 unknown']],
    ['comments and blank lines', '# hello\n\n#\n  up  1  \n', ['up{} 1 unknown']],
    ['labels', 'a{b="c",d="e",} 2\n', ['a{b="c",d="e"} 2 unknown']],
    ['a blank before the braces', 'a {b="c"} 2\n', ['a{b="c"} 2 unknown']],
    ['blanks everywhere', 'a{ b = "c" , d="e" } 2 1000\n', ['a{b="c",d="e"} 2 @1000 unknown']],
    ['escapes', 'a{b="x\\\\y\\"z\\n}"} 2\n', ['a{b="x\\y"z\n}"} 2 unknown']],
    ['an empty label', 'a{b=""} 2\n', ['a{} 2 unknown']],
    [
      'numbers',
      'a +Inf\nb -Inf\nc NaN\nd 1.5e-3\ne .5\nf -7.\n',
      [
        'a{} Infinity unknown',
        'b{} -Infinity unknown',
        'c{} NaN unknown',
        'd{} 0.0015 unknown',
        'e{} 0.5 unknown',
        'f{} -7 unknown',
      ],
    ],
    ['a time', 'a 1 -5\n', ['a{} 1 @-5 unknown']],
    ['names of any characters', '{"a name.ü", "l b"="v"} 1\n', ['a name.ü{l b="v"} 1 unknown']],
    [
      'families',
      '# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="1e6"} 2\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n# TYPE s summary\ns{quantile="0.50"} 1\n# TYPE c_total counter\nc_total 1\n# TYPE u untyped\nu 1\n',
      [
        'h_bucket{le="1.0"} 2 histogram',
        'h_bucket{le="1e+06"} 2 histogram',
        'h_bucket{le="+Inf"} 2 histogram',
        'h_sum{} 3 histogram',
        'h_count{} 2 histogram',
        's{quantile="0.5"} 1 summary',
        'c_total{} 1 counter',
        'u{} 1 unknown',
      ],
    ],
    ['le of another type', '# TYPE g gauge\ng{le="1"} 2\n', ['g{le="1"} 2 gauge']],
  ])('%s', (_, text, expected) => expect(told(parseText(text))).toEqual(expected));

  test('help and type', () => {
    const exposed = parseText('# HELP a what\\nit \\\\ is\n# TYPE a gauge\na 1\n');
    expect(exposed).toMatchObject({ ok: true, value: [{ family: { type: 'gauge', help: 'what\nit \\ is' } }] });
  });

  test.each([
    ['a', 'line 1: "" is no value'],
    ['ok 1\na{b="c" 1', 'line 2: a brace or a quote stays open'],
    ['a{b=c} 1', 'line 1: the value of label "b" is not in quotes'],
    ['a{b="c",b="d"} 1', 'line 1: label "b" stands twice'],
    ['a{b="c" d="e"} 1', 'line 1: labels are not joined by commas'],
    ['a 0x10', 'line 1: "0x10" is no value'],
    ['a 1 yesterday', 'line 1: "yesterday" is no time in milliseconds'],
    ['{b="c"} 1', 'line 1: "{b="c"}" has no name'],
    ['9a 1', 'line 1: "9a" is no series'],
  ])('%j is refused', (text, error) => expect(parseText(text)).toEqual({ ok: false, error }));

  test('the same text gives the same labels', () => {
    const memo = new Map();
    const [first, second] = [parseText('a{b="c"} 1', memo), parseText('a{b="c"} 2', memo)];
    expect(first.ok && second.ok && first.value[0]?.labels === second.value[0]?.labels).toBe(true);
  });
});

describe('OpenMetrics', () => {
  test('families, exemplars, times, starts', () => {
    const exposed = parseOpenMetrics(
      [
        '# TYPE c counter',
        '# UNIT c_seconds seconds',
        '# HELP c what "it" is',
        'c_total{a="b # {"} 17.0 1520879607.789 # {trace_id="x"} 0.5 1520879607.5',
        'c_created{a="b # {"} 1520870000.123',
        '# TYPE i info',
        'i_info{v="1"} 1',
        '# TYPE g gaugehistogram',
        'g_bucket{le="1"} 2',
        'g_gcount 2',
        '# TYPE st stateset',
        'st{st="a"} 1',
        '# EOF',
        '',
      ].join('\n'),
    );
    expect(told(exposed)).toEqual([
      'c_total{a="b # {"} 17 @1520879607789 counter',
      'c_created{a="b # {"} 1520870000.123 counter',
      'i_info{v="1"} 1 info',
      'g_bucket{le="1.0"} 2 gaugehistogram',
      'g_gcount{} 2 gaugehistogram',
      'st{st="a"} 1 stateset',
    ]);
    expect(exposed.ok && exposed.value[0]).toMatchObject({
      startMs: 1520870000123,
      exemplars: [{ labels: ['trace_id', 'x'], value: 0.5, atMs: 1520879607500 }],
      family: { help: 'what "it" is' },
    });
  });
  test.each([
    ['a 1\n', 'the answer does not end in # EOF: it was cut'],
    ['# EOF\na 1\n', 'line 2: there is more behind # EOF'],
    ['# a comment\n# EOF\n', 'line 1: it is neither HELP nor TYPE nor UNIT nor EOF'],
    ['a 1 2 3\n# EOF\n', 'line 1: the time is no number of seconds'],
    ['a 1 # {b="c"} x\n# EOF\n', 'line 1: an exemplar has no value, or no time in seconds'],
  ])('%j is refused', (text, error) => expect(parseOpenMetrics(text)).toEqual({ ok: false, error }));
});

/** A message of fields: number → varint, double text ("1.5"), bytes, or a list of them. */
type Fields = readonly (readonly [number: number, value: number | { readonly double: number } | Buffer | string])[];
function message(fields: Fields): Buffer {
  const parts = fields.map(([number, value]) => {
    if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)]);
    if (typeof value === 'object' && 'double' in value) {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(value.double);
      return Buffer.concat([varint(number * 8 + 1), bytes]);
    }
    const bytes = Buffer.from(value as Buffer);
    return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
  });
  return Buffer.concat(parts);
}
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
const delimited = (...messages: Buffer[]): Buffer =>
  Buffer.concat(messages.flatMap((one) => [varint(one.length), one]));
const d = (double: number) => ({ double });

describe('protobuf', () => {
  const label = message([
    [1, 'a'],
    [2, 'b'],
  ]);
  const stamp = message([
    [1, 1_700_000_000],
    [2, 250_000_000],
  ]);
  const exemplar = message([
    [
      1,
      message([
        [1, 'trace_id'],
        [2, 'x'],
      ]),
    ],
    [2, d(3)],
    [3, stamp],
  ]);
  const counter = message([
    [1, 'c_total'],
    [2, 'help'],
    [3, 0],
    [
      4,
      message([
        [1, label],
        [
          3,
          message([
            [1, d(7)],
            [2, exemplar],
            [3, stamp],
          ]),
        ],
        [6, 1000],
      ]),
    ],
    [5, 'seconds'],
  ]);
  const summary = message([
    [1, 's'],
    [3, 2],
    [
      4,
      message([
        [
          4,
          message([
            [1, 3],
            [2, d(9)],
            [
              3,
              message([
                [1, d(0.5)],
                [2, d(1)],
              ]),
            ],
          ]),
        ],
      ]),
    ],
  ]);
  const classic: Fields = [
    [1, 3],
    [2, d(9)],
    [
      3,
      message([
        [1, 2],
        [2, d(1)],
      ]),
    ],
  ];
  const native: Fields = [
    ...classic,
    [5, 6],
    [6, d(0.001)],
    [7, 1],
    [
      12,
      message([
        [1, 2],
        [2, 2],
      ]),
    ],
    [13, 2],
    [13, 1],
    [16, exemplar],
  ];
  const histogram = (fields: Fields): Buffer =>
    message([
      [1, 'h'],
      [3, 4],
      [4, message([[7, message(fields)]])],
    ]);
  const both = { native: true, classic: true };

  test('counter and summary', () => {
    const exposed = parseProtobuf(delimited(counter, summary), both);
    expect(told(exposed)).toEqual([
      'c_total{a="b"} 7 @1000 counter',
      's_count{} 3 summary',
      's_sum{} 9 summary',
      's{quantile="0.5"} 1 summary',
    ]);
    expect(exposed.ok && exposed.value[0]).toMatchObject({
      startMs: 1_700_000_000_250,
      family: { help: 'help', unit: 'seconds' },
      exemplars: [{ labels: ['trace_id', 'x'], value: 3, atMs: 1_700_000_000_250 }],
    });
  });

  const classicTold = [
    'h_count{} 3 histogram',
    'h_sum{} 9 histogram',
    'h_bucket{le="1.0"} 2 histogram',
    'h_bucket{le="+Inf"} 3 histogram',
  ];
  test.each([
    ['classic only', classic, both, classicTold],
    ['both forms wanted', native, both, ['h{} 3 histogram', ...classicTold]],
    ['native wanted', native, { native: true, classic: false }, ['h{} 3 histogram']],
    ['native not wanted', native, { native: false, classic: false }, classicTold],
  ] as const)('histogram: %s', (_, fields, options, expected) =>
    expect(told(parseProtobuf(delimited(histogram(fields)), options))).toEqual(expected),
  );

  test('native histogram', () => {
    const exposed = parseProtobuf(delimited(histogram(native)), { native: true, classic: false });
    expect(exposed.ok && exposed.value[0]?.histogram).toMatchObject({
      schema: 3,
      zeroThreshold: 0.001,
      zeroCount: 1,
      count: 3,
      sum: 9,
      positiveSpans: [{ offset: 1, length: 2 }],
      positiveBuckets: [1, 0],
    });
    expect(exposed.ok && exposed.value[0]?.exemplars).toHaveLength(1);
  });

  test('any bytes end as a value', () => {
    const good = delimited(counter, summary, histogram(native));
    let seed = 3;
    const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
    for (let round = 0; round < 2000; round++) {
      const mutant = Buffer.from(good);
      mutant[random(mutant.length)] = random(256);
      parseProtobuf(mutant.subarray(0, random(3) ? mutant.length : random(mutant.length)), both);
    }
    expect(parseProtobuf(good.subarray(0, -1), both).ok).toBe(false);
  });
});

test.each([
  [0, '0.0'],
  [1, '1.0'],
  [-1, '-1.0'],
  [0.005, '0.005'],
  [0.00001, '1e-05'],
  [123456, '123456.0'],
  [1e6, '1e+06'],
  [1234567.5, '1.2345675e+06'],
  [Infinity, '+Inf'],
  [-Infinity, '-Inf'],
  [NaN, 'NaN'],
])('%d as a bound is %s', (value, text) => expect(openMetricsNumber(value)).toBe(text));

describe('negotiation', () => {
  test('the accept header', () => {
    expect(acceptHeader(defaultScrapeProtocols)).toBe(
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    );
    expect(acceptHeader(nativeScrapeProtocols)).toMatch(/^application\/vnd\.google\.protobuf;.*q=0\.6,/);
  });
  test.each<[contentType: string, fallback: 'PrometheusText0.0.4' | undefined, good: boolean]>([
    ['text/plain; version=0.0.4; charset=utf-8', undefined, true],
    ['text/html', undefined, false],
    ['text/html', 'PrometheusText0.0.4', true],
    ['', undefined, false],
    ['application/openmetrics-text; version=1.0.0', undefined, false],
  ])('%j with fallback %s', (contentType, fallback, good) =>
    expect(
      parseExposition(Buffer.from('a 1\n'), contentType, { native: true, classic: true, fallback, memo: new Map() }).ok,
    ).toBe(good),
  );
});
