import { expect, test } from 'vitest';
import { bitsOf, isStale, writeStale } from '../kernels/columns.ts';
import { parsePromql } from '../parse/parse.ts';
import { InMemorySource } from '../test-support/in-memory-source.ts';
import { evaluatePromql } from './evaluate-promql.ts';

const source = new InMemorySource();
const values = Float64Array.of(1, 0, 3);
writeStale(values, 1);
source.series.push({ labels: { __name__: 'up' }, samples: { count: 3, times: Float64Array.of(0, 10, 20), values } });

test.each([
  [false, [0, 20]],
  [true, [0, 10, 20]],
])('samples of a range vector hold staleness marks only when asked for: %s', async (staleMarks, times) => {
  const text = 'up[1m]';
  const parsed = parsePromql(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const answer = await evaluatePromql(parsed.value, { text, startMs: 20, endMs: 20, stepMs: 0, staleMarks }, source);
  const floats = answer.ok && answer.value.value.type === 'matrix' ? answer.value.value.series[0]?.floats : undefined;
  expect([...(floats?.times ?? [])]).toEqual(times);
  expect(floats && isStale(bitsOf(floats.values), 1)).toBe(staleMarks);
});
