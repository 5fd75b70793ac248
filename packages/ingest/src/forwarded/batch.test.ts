import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { encodeSpooled } from '../spool/spooled.ts';
import { encodeBatch, type ForwardBatch, readBatch } from './batch.ts';

const scope = { organisation: 'site', keyId: '', site: '', device: '', service: '', environment: '' };
const meta = { protocol: 'otlp', project: 0, receivedAtMs: 1_800_000_000_000 };
const frame = (text: string) =>
  encodeSpooled({ bytes: Buffer.from(text), records: 1, signal: 'logs' }, scope, meta, []);
const segment = (n: number) => `${String(n).padStart(17, '0')}-0000abcd`;
const batch = (more: Partial<ForwardBatch> = {}): ForwardBatch => ({
  backlog: false,
  gone: [],
  oldest: [],
  runs: [{ lane: 'logs', segment: segment(7), first: 3, frames: Buffer.concat([frame('a'), frame('b')]) }],
  ...more,
});
const fault = (bytes: Buffer) => {
  const read = readBatch(bytes);
  return 'message' in read ? read : undefined;
};

describe('a batch', () => {
  test('is read as it was written', () => {
    const names = [{ lane: 'logs', segment: segment(1) }];
    const read = readBatch(
      encodeBatch(batch({ backlog: true, gone: names, oldest: [{ lane: 'spans', segment: segment(2) }] })),
    );
    expect(read).toMatchObject({
      backlog: true,
      gone: names,
      oldest: [{ lane: 'spans', segment: segment(2) }],
      runs: [{ lane: 'logs', segment: segment(7), first: 3 }],
    });
    expect('runs' in read && read.runs[0]?.frames.map((one) => one.bytes.toString())).toEqual(['a', 'b']);
  });

  test('without frames only says what is gone', () => {
    expect(readBatch(encodeBatch(batch({ runs: [] })))).toMatchObject({ runs: [] });
  });

  test.each<[string, ForwardBatch, RegExp]>([
    ['a lane that is none', batch({ gone: [{ lane: '../etc', segment: segment(1) }] }), /named as none/],
    ['a segment that is none', batch({ gone: [{ lane: 'logs', segment: '1' }] }), /named as none/],
    [
      'too many names',
      batch({ gone: Array.from({ length: 3000 }, (_, n) => ({ lane: 'logs', segment: segment(n) })) }),
      /more than/,
    ],
    ['a place that no segment has', batch({ runs: [{ ...batch().runs[0]!, first: 2 ** 60 }] }), /no place/],
  ])('%s is refused', (_, bad, message) => {
    expect(fault(encodeBatch(bad))).toEqual({ message: expect.stringMatching(message) as string, frameBroken: false });
  });

  test('of another format is refused with both numbers', () => {
    const bytes = encodeBatch(batch());
    bytes[1] = 9;
    expect(fault(bytes)?.message).toMatch(/format 9 .* format 1/);
    expect(fault(Buffer.alloc(0))?.message).toMatch(/format 0/);
  });

  test('with one damaged bit in a frame names its segment', () => {
    const bytes = encodeBatch(batch());
    const at = bytes.lastIndexOf('b');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    expect(fault(bytes)).toEqual({ message: expect.stringContaining(segment(7)) as string, frameBroken: true });
  });

  test('cut or changed anywhere never throws, and its frames are whole or refused', () => {
    const bytes = encodeBatch(batch({ gone: [{ lane: 'logs', segment: segment(1) }] }));
    for (let end = 0; end < bytes.length; end++) readBatch(bytes.subarray(0, end));
    let seed = 7;
    for (let n = 0; n < 5000; n++) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      const changed = Buffer.from(bytes);
      changed[seed % bytes.length] = seed >>> 24;
      const read = readBatch(changed);
      if ('message' in read) continue;
      for (const { frames } of read.runs)
        for (const one of frames) expect(crc32(one.bytes)).toBe(crc32(Buffer.from(one.bytes)));
    }
  });
});
