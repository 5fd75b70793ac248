import { describe, expect, test } from 'vitest';
import { LogsRequestBuilder } from '../otlp/build-logs.ts';
import { splitLogs } from './split-logs.ts';

interface Log {
  readonly body: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
}

const requestOf = (groups: Readonly<Record<string, readonly Log[]>>): Buffer => {
  const builder = new LogsRequestBuilder();
  for (const [service, logs] of Object.entries(groups)) {
    builder.resource({ 'service.name': service }, 'scope');
    for (const log of logs) builder.add({ timeNs: 1n, ...log });
  }
  return builder.build();
};

describe('logs are parted by what they are worth', () => {
  test('each part is the request that would have been made of its records alone', () => {
    const debug = { body: 'd', severityNumber: 5 };
    const info = { body: 'i', severityNumber: 9 };
    const error = { body: 'e', severityNumber: 17 };
    const parts = splitLogs(requestOf({ pos: [debug, info, error, { ...info, body: 'i2' }], till: [info] }));
    expect(parts.map(({ of, records }) => [of, records])).toEqual([
      ['debug', 1],
      ['info', 3],
      ['error', 1],
    ]);
    expect(parts.map(({ bytes }) => bytes)).toEqual([
      requestOf({ pos: [debug] }),
      requestOf({ pos: [info, { ...info, body: 'i2' }], till: [info] }),
      requestOf({ pos: [error] }),
    ]);
  });

  test('a request of one class comes back as it is', () => {
    const request = requestOf({ pos: [{ body: 'a', severityNumber: 9 }, { body: 'b' }] });
    expect(splitLogs(request)).toEqual([{ of: 'info', bytes: request, records: 2 }]);
    expect(splitLogs(request)[0]?.bytes).toBe(request);
  });

  test.each<[Omit<Log, 'body'>, string]>([
    [{}, 'info'],
    [{ severityNumber: 1 }, 'debug'],
    [{ severityNumber: 8 }, 'debug'],
    [{ severityNumber: 13 }, 'info'],
    [{ severityNumber: 16 }, 'info'],
    [{ severityNumber: 24 }, 'error'],
    [{ severityText: 'DEBUG' }, 'debug'],
    [{ severityText: ' Error' }, 'error'],
    [{ severityText: 'fatal' }, 'error'],
    [{ severityText: 'warning' }, 'info'],
    [{ severityNumber: 9, severityText: 'error' }, 'info'],
  ])('%j is %s', (log, of) => {
    expect(splitLogs(requestOf({ pos: [{ body: 'x', ...log }] }))[0]?.of).toBe(of);
  });

  test('nothing is nothing', () => expect(splitLogs(Buffer.alloc(0))).toEqual([]));
});
