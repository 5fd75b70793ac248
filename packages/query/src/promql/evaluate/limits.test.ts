import { describe, expect, test } from 'vitest';
import { parsePromql } from '../parse/parse.ts';
import type { QueryBounds, SeriesSource } from '../source.ts';
import { InMemorySource } from '../test-support/in-memory-source.ts';
import { evaluatePromql } from './evaluate-promql.ts';

const source = new InMemorySource();
for (let i = 0; i < 50; i++) {
  const times = Float64Array.from({ length: 100 }, (_, minute) => minute * 60_000);
  const samples = { count: 100, times, values: times.map((ms) => ms / 1000) };
  source.series.push({ labels: { __name__: 'orders_total', store: `s${i}` }, samples });
}

/** How a range query of an hour in minutes ends: `ok`, or the fault. */
async function end(
  text: string,
  bounds: Partial<QueryBounds>,
  { signal, from = source }: { signal?: AbortSignal; from?: SeriesSource } = {},
): Promise<string> {
  const parsed = parsePromql(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const options = { text, startMs: 0, endMs: 3_600_000, stepMs: 60_000, bounds, ...(signal && { signal }) };
  const answer = await evaluatePromql(parsed.value, options, from);
  return answer.ok ? 'ok' : `${answer.error.kind}: ${answer.error.message}`;
}

const tooMany = 'query processing would load too many samples into memory in expression evaluation';

describe('bounds of a query', () => {
  test.each<[string, string, Partial<QueryBounds>, string]>([
    ['none is met', 'rate(orders_total[5m])', {}, 'ok'],
    ['samples', 'orders_total', { samples: 4999 }, `execution: ${tooMany}`],
    ['samples of all selectors', 'orders_total + orders_total offset 1m', { samples: 9999 }, `execution: ${tooMany}`],
    ['a selector that stands twice is read once', 'orders_total + orders_total', { samples: 5000 }, 'ok'],
    ['values', 'rate(orders_total[5m])', { values: 61 * 50 - 1 }, `execution: ${tooMany}`],
    ['values that a subquery makes', 'max_over_time(vector(1)[1h:1ms])', { values: 100_000 }, `execution: ${tooMany}`],
    ['few groups of many series', 'sum(rate(orders_total[5m]))', { values: 100 }, 'ok'],
    ['series', 'orders_total', { series: 49 }, 'execution: query matches 50 series, more than the 49 that are allowed'],
    [
      'steps',
      'vector(1)',
      { steps: 30 },
      'bad_data: exceeded maximum resolution of 30 points per timeseries. Try decreasing the query resolution (?step=XX)',
    ],
    ['time', 'orders_total', { timeoutMs: 0 }, 'timeout: query timed out in expression evaluation'],
  ])('%s', async (_name, text, bounds, expected) => {
    expect(await end(text, bounds)).toBe(expected);
  });

  test('a query that was cancelled ends, also between two of its nodes', async () => {
    const cancelled = 'canceled: query was canceled in expression evaluation';
    expect(await end('orders_total', {}, { signal: AbortSignal.abort() })).toBe(cancelled);
    const controller = new AbortController();
    const from: SeriesSource = {
      scan: (request) => {
        controller.abort();
        return source.scan(request);
      },
    };
    expect(await end('-orders_total', {}, { signal: controller.signal, from })).toBe(cancelled);
  });

  test('a fault of the source is handed on', async () => {
    const parsed = parsePromql('up or rate(down[5m])');
    if (!parsed.ok) throw new Error(parsed.error.message);
    const failing = new InMemorySource();
    failing.scan = async () => {
      const { QueryFailure } = await import('../source.ts');
      throw new QueryFailure({ kind: 'unavailable', message: 'the engine is gone' });
    };
    const options = { text: 'up or rate(down[5m])', startMs: 0, endMs: 0, stepMs: 0 };
    expect(await evaluatePromql(parsed.value, options, failing)).toEqual({
      ok: false,
      error: { kind: 'unavailable', message: 'the engine is gone' },
    });
  });
});
