/** "Only the address changes": OpenTelemetry's stock SDK, told where to report by the variables of the Data page's snippet. */
import type { LogRow, Span } from '@sightline/contract';
import { describe, expect, test } from 'vitest';
import { ledger, printedJson, program, read, readUntil, run, type Run } from '../support/stock-client.ts';
import type { Bench } from './bench.ts';

const protocols = ['http/protobuf', 'http/json', 'grpc'] as const;
type Protocol = (typeof protocols)[number];

export function openTelemetryClients(bench: Bench): void {
  const serviceOf = (protocol: Protocol): string => `till-${protocol.replace('/', '-')}`;

  /** Runs the snippet as it stands in a shell, with the test's service in the place of `app.js`. */
  function runService(snippet: string, protocol: Protocol): Promise<Run> {
    const script = snippet
      .replace(/^node --require .*$/m, `exec '${process.execPath}' '${program('otel-service.ts')}'`)
      .replace("'backend'", `'${serviceOf(protocol)}'`)
      .replace("'http/protobuf'", `'${protocol}'`)
      .replace(
        `'${bench.product.url}'`,
        `'${protocol === 'grpc' ? `http://127.0.0.1:${bench.grpcPort}` : bench.product.url}'`,
      );
    return run(bench.workshop, 'bash', [bench.workshop.write(`${serviceOf(protocol)}.sh`, script)]);
  }

  interface Said {
    readonly traceId: string;
    readonly spanId: string;
    readonly faults: readonly string[];
  }
  interface Series {
    readonly unit: string;
    readonly series: readonly { readonly points: readonly { readonly value: number }[] }[];
  }
  interface Answer {
    readonly data: { readonly result: readonly { readonly value: readonly [atS: number, value: string] }[] };
  }

  describe.each(protocols)('the Node SDK over %s', (protocol) => {
    const service = serviceOf(protocol);
    let said: Said;

    test('logs and spans', async () => {
      const ended = await runService(bench.workshop.snippet('otel-node'), protocol);
      expect(ended.code, ended.output).toBe(0);
      said = printedJson<Said>(ended);
      expect(said.faults).toEqual([]);

      const trace = await readUntil<{ spans: Span[]; logs: LogRow[] }>(
        bench.product,
        `/api/v1/traces/${said.traceId}`,
        {},
        ({ spans, logs }) => spans.length === 2 && logs.length === 1,
      );
      const origin = { site: 'STORE_001', service, environment: 'production', release: '1.0.0', traceId: said.traceId };
      const root = trace.spans.find((span) => span.parentId === '');
      expect(root).toMatchObject({
        ...origin,
        device: 'TERM_07',
        name: 'POST /charge',
        kind: 'server',
        status: 'unset',
        correlationId: 'corr-otel-1',
      });
      expect(trace.spans.find((span) => span !== root)).toMatchObject({
        ...origin,
        spanId: said.spanId,
        parentId: root?.spanId,
        kind: 'client',
        status: 'error',
        statusMessage: 'the bank did not answer',
        attributes: { 'peer.service': 'bank' },
        events: [{ name: 'retry', attributes: { attempt: '2' } }],
      });
      expect(trace.logs).toMatchObject([
        {
          ...origin,
          device: 'TERM_07',
          severity: 'error',
          severityText: 'ERROR',
          body: 'card of <email> declined',
          spanId: root?.spanId,
          correlationId: 'corr-otel-1',
          attributes: { 'order.id': 'ORD-1881', attempt: '2', paid: 'false' },
        },
      ]);
      const story = await read<{ entries: { kind: string; span?: Span; log?: LogRow }[] }>(
        bench.product,
        '/api/v1/story/corr-otel-1',
      );
      expect(
        story.entries.filter((entry) => (entry.span ?? entry.log)?.service === service).length,
      ).toBeGreaterThanOrEqual(2);
    });

    test.each<[string, string, string, string, number]>([
      ['till_orders_total', 'counter', '', 'max', 3],
      ['till_open_drawers', 'gauge', '', 'max', -2],
      ['till_temperature_celsius', 'gauge', 'celsius', 'avg', 41.5],
      ['till_uptime_seconds_total', 'counter', 'seconds', 'max', 77],
      ['till_paper_ratio', 'gauge', '', 'avg', 0.25],
      ['till_queue_seconds_count', 'histogram', 'seconds', 'max', 3],
      ['till_queue_seconds_sum', 'histogram', 'seconds', 'max', 11.5],
    ])('metric %s, a %s', async (metric, type, unit, aggregate, value) => {
      // What a metric is becomes known some seconds after its first sample.
      const { metrics } = await readUntil<{ metrics: { metric: string; type: string; unit: string }[] }>(
        bench.product,
        '/api/v1/metrics',
        { q: 'till_' },
        ({ metrics }) => metrics.length >= 7 && metrics.every(({ type }) => type !== ''),
      );
      expect(metrics.find((known) => metric.startsWith(known.metric))).toMatchObject({ type, unit });
      const found = await readUntil<Series>(
        bench.product,
        `/api/v1/metrics/${metric}/series`,
        { service, site: 'STORE_001', aggregate },
        ({ series }) => series.length > 0,
      );
      // As in Prometheus, a histogram has a unit and its parts have none.
      expect(found.unit).toBe(type === 'histogram' ? '' : unit);
      expect(found.series.map(({ points }) => points.map((point) => point.value))).toEqual([[value]]);
    });

    test('the buckets of a histogram', async () => {
      const labels = await read<{ labels: { label: string; values: string[] }[] }>(
        bench.product,
        '/api/v1/metrics/till_queue_seconds_bucket/labels',
        { service },
      );
      expect(labels.labels.find(({ label }) => label === 'le')?.values.toSorted()).toEqual(['+Inf', '1', '5']);
    });

    test('an exponential histogram is a native one', async () => {
      const of = `till_payment_seconds{service="${service}", site="STORE_001"}`;
      const valueOf = async (expression: string): Promise<number> => {
        const { data } = await readUntil<Answer>(
          bench.product,
          '/prometheus/api/v1/query',
          { query: expression },
          ({ data: { result } }) => result.length > 0,
        );
        expect(data.result).toHaveLength(1);
        return Number(data.result[0]?.value[1]);
      };
      expect(await valueOf(`histogram_count(${of})`)).toBe(3);
      expect(await valueOf(`histogram_sum(${of})`)).toBe(11.5);
      // The least and the greatest are known as finely as the buckets are: some percent.
      expect((await valueOf(`histogram_quantile(0, ${of})`)) / 0.5).toBeCloseTo(1, 1);
      expect((await valueOf(`histogram_quantile(1, ${of})`)) / 9).toBeCloseTo(1, 1);
    });

    test('a wrong key is refused in the words of the protocol; the service ends as usual', async () => {
      const ended = await runService(bench.workshop.snippetWithWrongKey('otel-node'), protocol);
      expect(ended.code, ended.output).toBe(0);
      const faults = printedJson<Said>(ended).faults.join('\n');
      expect(faults).toContain('the key is not known');
      expect(faults).toMatch(protocol === 'grpc' ? /16 UNAUTHENTICATED/ : /Unauthorized/);
    });
  });

  test('port 4318 of the standard takes the same', async () => {
    const reply = await fetch(`http://127.0.0.1:${bench.httpPort}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bench.workshop.key}` },
      body: '{"resourceLogs":[]}',
    });
    expect([reply.status, await reply.json()]).toEqual([200, {}]);
  });

  test('the ledger counts what three services sent, and nothing else of theirs', async () => {
    const sent = await ledger(bench.product, ['otlp'], (rows) =>
      rows.some(({ signal, accepted }) => signal === 'metrics' && accepted >= 42),
    );
    expect(
      Object.fromEntries(sent.map(({ protocol, signal, accepted }) => [`${protocol} ${signal}`, accepted])),
    ).toEqual({
      'otlp logs': 3,
      'otlp spans': 6,
      // Seven instruments each, exported by the flush and again by the shutdown.
      'otlp metrics': 42,
    });
    for (const line of sent) expect(line).toMatchObject({ dropped: 0, rejected: 0, reasons: {} });
  });
}
