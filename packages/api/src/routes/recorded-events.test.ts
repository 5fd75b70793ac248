import { deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { recordedEvents } from './recorded-events.ts';

const events = '[{"type":4,"timestamp":1}]';
const large = `[${'"x",'.repeat(1000)}"x"]`;

test.each([
  ['plain', Buffer.from(events), events],
  ['plain, after white space', Buffer.from(` \r\n\t${events}`), ` \r\n\t${events}`],
  ['zlib', deflateSync(events), events],
  ['gzip', gzipSync(events), events],
  ['no events', Buffer.from('[]'), '[]'],
])('%s', async (_, content, expected) => {
  const read = await recordedEvents(content, 100);
  expect(read.ok && read.value.toString()).toBe(expected);
});

test.each([
  ['nothing', Buffer.alloc(0), 'neither JSON nor packed by zlib'],
  ['another text', Buffer.from('{"type":4}'), 'neither JSON nor packed by zlib'],
  ['another text, packed', deflateSync('{"type":4}'), 'no JSON array'],
  ['cut off', deflateSync(events).subarray(0, 12), 'neither JSON nor packed by zlib'],
  ['too large', Buffer.from(large), 'larger than 100 bytes'],
  ['too large once unpacked', deflateSync(large), 'larger than 100 bytes when unpacked'],
])('%s is refused', async (_, content, why) => {
  expect(await recordedEvents(content, 100)).toEqual({ ok: false, error: expect.stringContaining(why) });
});
