import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { StoreError } from '../port/index.ts';
import { readLines } from './row-lines.ts';

const tag = 'abcdef0123456789';

function answer(chunks: readonly Uint8Array[]): IncomingMessage {
  return Object.assign(Readable.from(chunks), {
    headers: { 'x-clickhouse-exception-tag': tag },
  }) as unknown as IncomingMessage;
}

async function read(chunks: readonly Uint8Array[]): Promise<{ lines: string[]; error: unknown }> {
  const lines: string[] = [];
  try {
    for await (const line of readLines(answer(chunks))) lines.push(line);
    return { lines, error: undefined };
  } catch (error) {
    return { lines, error };
  }
}

const cutAt = (bytes: Buffer, at: number): Uint8Array[] =>
  [bytes.subarray(0, at), bytes.subarray(at)].filter((b) => b.length > 0);

describe('rows, wherever the network cuts them', () => {
  const bytes = Buffer.from('{"a":"é🚀"}\n\n{"a":"__exception__"}\n{"a":1}');
  test('come whole', async () => {
    for (let at = 0; at <= bytes.length; at++) {
      const { lines, error } = await read(cutAt(bytes, at));
      expect(error).toBeUndefined();
      expect(lines).toEqual(['{"a":"é🚀"}', '{"a":"__exception__"}', '{"a":1}']);
    }
  });
});

describe('a stream that breaks', () => {
  const message = 'Code: 241. DB::Exception: Memory limit exceeded:\nwould use 2 GiB. (MEMORY_LIMIT_EXCEEDED)\n';
  test.each([
    ['between two rows', '{"a":1}\n'],
    ['in the middle of a row', '{"a":1}\n{"a":'],
  ])('%s gives its rows and then the error', async (_, rows) => {
    const end = `\r\n__exception__\r\n${tag}\r\n${message}${Buffer.byteLength(message)} ${tag}\r\n__exception__\r\n`;
    const bytes = Buffer.from(rows + end);
    for (let at = 0; at <= bytes.length; at++) {
      const { lines, error } = await read(cutAt(bytes, at));
      expect(lines).toEqual(['{"a":1}']);
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ kind: 'memory', code: 241 });
    }
  });
  test('as servers before 25.11 say it', async () => {
    const { error } = await read([
      Buffer.from('{"a":1}\nCode: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED)'),
    ]);
    expect(error).toMatchObject({ kind: 'timeout', code: 159 });
  });
});
