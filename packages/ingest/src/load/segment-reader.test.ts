import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { encodeSpooled } from '../spool/spooled.ts';
import { withSegment } from './segment-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'sightline-reader-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const scope = { organisation: 'acme', site: '', device: '', environment: '', service: '', keyId: 'key' };
const frameOf = (bytes: Buffer): Buffer =>
  encodeSpooled(
    { bytes, records: 1, signal: 'logs' },
    scope,
    { protocol: 'otlp', project: 7, receivedAtMs: 1_700_000_000_000.5 },
    [{ signal: 'logs', reason: 'too-old', records: 2, message: '' }],
  );
/** Bodies around the window of a megabyte: many within it, across its end, larger than it, none at all. */
const bodies = [
  10,
  700_000,
  400_000,
  0,
  2_500_000,
  1_048_576,
  3,
  ...Array.from({ length: 300 }, (_, i) => 9000 + i),
].map((size, i) => Buffer.alloc(size, i + 1));
const whole = Buffer.concat(bodies.map(frameOf));

function segment(name: string, content: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('every frame is found with its place, and its bytes are read in any order', async () => {
  await withSegment(segment('all', whole), async (reader) => {
    const { frames, brokenAt } = await reader.frames();
    expect(brokenAt).toBeUndefined();
    expect(frames.map(({ sizeBytes }) => sizeBytes)).toEqual(bodies.map((body) => body.length));
    expect(frames[0]).toMatchObject({ scope, records: 1, protocol: 'otlp', project: 7, signal: 'logs' });
    expect(frames[0]?.receivedAtMs).toBe(1_700_000_000_000.5);
    expect(frames[1]?.refused).toMatchObject([{ signal: 'logs', reason: 'too-old', records: 2 }]);
    for (const at of [...frames.keys(), 4, 0, 306, 5])
      expect(bodies[at]?.equals(await reader.bytesOf(frames[at]!))).toBe(true);
  });
});

test('some frames are copied as they stand', async () => {
  const path = join(folder, 'some');
  await withSegment(segment('source', whole), async (reader) => {
    const { frames } = await reader.frames();
    await reader.copy([frames[1]!, frames[4]!, frames[6]!], path);
  });
  expect(readFileSync(path).equals(Buffer.concat([1, 4, 6].map((at) => frameOf(bodies[at]!))))).toBe(true);
});

test('what stands before a damaged frame is read, and where the damage begins is told', async () => {
  const second = frameOf(bodies[0]!).length;
  const damaged = Buffer.from(whole);
  damaged[second + 300_000] = 99;
  for (const [name, content] of [
    ['bit', damaged],
    ['cut', whole.subarray(0, second + 300_000)],
    ['length', Buffer.concat([whole.subarray(0, second), Buffer.alloc(20, 255)])],
  ] as const)
    await withSegment(segment(name, content), async (reader) => {
      const { frames, brokenAt } = await reader.frames();
      expect([frames.length, brokenAt]).toEqual([1, second]);
    });
});

test('a segment that is cut while it is loaded fails as a disk does', async () => {
  const path = segment('shrunk', whole);
  await withSegment(path, async (reader) => {
    const { frames } = await reader.frames();
    truncateSync(path, 1000);
    await expect(reader.bytesOf(frames[1]!)).rejects.toMatchObject({ code: 'EIO' });
  });
});
