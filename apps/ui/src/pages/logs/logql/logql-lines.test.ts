import type { LogqlEntry } from '@sightline/contract';
import { describe, expect, it } from 'vitest';
import { rowsOf, soughtWords, withLabel } from './logql-lines.ts';

const entry = (tsNs: string, over: Partial<LogqlEntry> = {}): LogqlEntry => ({
  tsNs,
  at: Number(tsNs) / 1e6,
  line: 'x',
  stream: {},
  metadata: {},
  parsed: {},
  ...over,
});

describe('lines of LogQL', () => {
  it('are rows with an address each, also at one moment', () => {
    const stream = { service_name: 'payment', site: 'STORE_1', level: 'warn' };
    const rows = rowsOf([
      entry('2000000', { stream, metadata: { trace_id: 't' } }),
      entry('1000000'),
      entry('1000000'),
    ]);
    expect(rows.map(({ id }) => id)).toEqual(['2000000-0', '1000000-0', '1000000-1']);
    expect(rows[0]).toMatchObject({ service: 'payment', site: 'STORE_1', severity: 'warn', traceId: 't', at: 2 });
  });
  it('a level of the sender’s own is no severity', () => {
    expect(rowsOf([entry('1', { stream: { level: 'loud' } })])[0]).toMatchObject({
      severity: '',
      severityText: 'loud',
    });
  });
  it.each([
    ['{a="b"} |= "Card declined" |~ "x.*"', ['card declined']],
    ['{a="b"} |= `raw \\d` |= "say \\"hi\\""', ['raw \\d', 'say "hi"']],
    ['{a="b"} != "no" |= ""', []],
  ])('%s: what is sought', (query, words) => expect(soughtWords(query)).toEqual(words));
  it('a label’s value is asked for, or not', () => {
    expect(withLabel('{a="b"} ', 'order', 'say "hi"', false)).toBe('{a="b"} | order="say \\"hi\\""');
    expect(withLabel('{a="b"}', 'order', '1', true)).toBe('{a="b"} | order!="1"');
  });
});
