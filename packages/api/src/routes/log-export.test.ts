import type { LogRecord } from '@sightline/query';
import { describe, expect, test } from 'vitest';
import { csvCell, csvLine, exportFormats } from './log-export.ts';

const row: LogRecord = {
  id: '1-0',
  tsNs: '1772366400123456789',
  at: 1772366400123,
  receivedAt: 1772366400200,
  severity: 'error',
  severityText: '',
  body: 'a "quoted", line\nbroken',
  site: '=1+1',
  device: '',
  service: 'orders',
  environment: '',
  release: '-2',
  traceId: '',
  spanId: '',
  correlationId: '',
  eventName: '',
  attributes: { a: '1' },
  resource: {},
};

describe('CSV', () => {
  test.each([
    ['plain', 'plain'],
    ['', ''],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['=cmd|calc', `"'=cmd|calc"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\tx', `"'\tx"`],
    ['\r=x', `"'\r=x"`],
    ['a=b', 'a=b'],
  ])('%j is written %j', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  test('a record is one line of RFC 4180, time to the nanosecond', () => {
    expect(csvLine(row)).toBe(
      `2026-03-01T12:00:00.123456789Z,error,"'=1+1",,orders,,"'-2","a ""quoted"", line\nbroken",,,,,"{""a"":""1""}",{}\r\n`,
    );
  });
});

test('pieces hold every record once, and a head even without records', async () => {
  async function* rows(count: number): AsyncGenerator<LogRecord> {
    for (let i = 0; i < count; i++) yield { ...row, id: String(i) };
  }
  const read = async (format: 'csv' | 'ndjson', count: number): Promise<string[]> => {
    let text = '';
    for await (const piece of exportFormats[format].lines(rows(count))) text += piece;
    return text.split(format === 'csv' ? '\r\n' : '\n').slice(0, -1);
  };
  expect((await read('ndjson', 450)).map((line) => (JSON.parse(line) as LogRecord).id)).toEqual(
    Array.from({ length: 450 }, (_, i) => String(i)),
  );
  expect(await read('csv', 201)).toHaveLength(202);
  expect(await read('csv', 0)).toHaveLength(1);
  expect(await read('ndjson', 0)).toEqual([]);
});
