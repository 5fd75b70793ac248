import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import { writeRequest, writeSegment } from '../test-support/segments.ts';

const kills = 20;
const series = 40;
const blockMs = 7_200_000;

let store: EmbeddedStore;
const folder = mkdtempSync(path.join(tmpdir(), 'sightline-head-kill-'));
beforeAll(async () => {
  store = await openMigratedStore(folder);
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(): ChildProcess {
  const script = path.join(import.meta.dirname, '../test-support/head-process.ts');
  return spawn(process.execPath, [script, folder, store.socketPath], { stdio: ['ignore', 'ignore', 'inherit'] });
}
const ended = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', resolve));

/** Waits until the segment that waits longest was taken, at most twenty seconds. */
async function took(spool: string): Promise<void> {
  const [oldest] = readdirSync(spool).sort();
  if (oldest === undefined) return;
  const file = path.join(spool, oldest);
  for (let tries = 0; tries < 1000 && existsSync(file); tries++)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

test('twenty kills of the process that holds the head lose and double no sample', { timeout: 600_000 }, async () => {
  const spool = path.join(folder, 'spool');
  const made = path.join(folder, 'made');
  mkdirSync(spool);
  const firstMs = Math.floor(Date.now() / blockMs) * blockMs - 3 * blockMs;
  const sent = Array.from({ length: series }, (): [number, number][] => []);
  let segments = 0;
  // Samples of three blocks in turn, some late.
  const send = (): void => {
    const list = sent.map((samples, i) => {
      const fresh = Array.from({ length: 5 }, (_, n): [number, number] => {
        const at = samples.length + (n % 2 === 0 ? n : 4 - n);
        return [firstMs + (at % 3) * blockMs + Math.floor(at / 3) * 100 + i, at];
      });
      samples.push(...fresh);
      return { labels: { __name__: 'numbered', i: String(i) }, samples: fresh };
    });
    const name = `s-${String(segments++).padStart(6, '0')}`;
    const segment = writeSegment(made, name, [
      { bytes: writeRequest(list), records: series * 5, receivedAtMs: Date.now() },
    ]);
    // Whole from its first moment on.
    renameSync(segment.path, path.join(spool, path.basename(segment.path)));
  };
  let child = start();
  for (let kill = 0; kill < kills; kill++) {
    // It took at least one segment since its start: on a starved machine starting is all a fixed time would allow.
    if (kill > 0) await took(spool);
    const until = Date.now() + 400 + ((kill * 137) % 700);
    while (Date.now() < until) {
      if (readdirSync(spool).length < 50) send();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    child.kill('SIGKILL');
    await ended(child);
    child = start();
  }
  writeFileSync(path.join(folder, 'finish'), '');
  await ended(child);
  expect(existsSync(path.join(folder, 'finished'))).toBe(true);
  expect(segments).toBeGreaterThan(50);

  const rows = await store.query<{ i: string; chunk: string }>(
    `SELECT s.i AS i, base64Encode(c.chunk) AS chunk FROM metric_chunks AS c
     INNER JOIN (SELECT fp, any(labels['i']) AS i FROM metric_series WHERE metric = 'numbered' GROUP BY fp) AS s ON s.fp = c.fp WHERE c.metric = 'numbered'`,
    {},
    { resultRows: 1_000_000 },
  );
  const stored = Array.from({ length: series }, (): [number, number][] => []);
  for (const { i, chunk } of rows) {
    const samples = new SampleBuffer(16);
    expect(appendChunk(Buffer.from(chunk, 'base64'), samples)).toBeUndefined();
    for (let at = 0; at < samples.count; at++) stored[Number(i)]!.push([samples.times[at]!, samples.values[at]!]);
  }
  const inOrder = (samples: [number, number][]): [number, number][] => samples.sort(([a], [b]) => a - b);
  for (let i = 0; i < series; i++) expect(inOrder(stored[i]!), `series ${i}`).toEqual(inOrder(sent[i]!));
});
