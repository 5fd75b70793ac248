import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '@sightline/base';
import { ProtobufWriter, writeAttributes } from '@sightline/ingest/otlp';
import { exactlyOnceSettings, type EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IndexClient } from '../index-port.ts';
import { writeRequest, writeSegment } from '../test-support/segments.ts';
import { openHead, type MetricHead } from './open-head.ts';

let store: EmbeddedStore;
let head: MetricHead;
const data = mkdtempSync(path.join(tmpdir(), 'sightline-thread-'));
const folder = path.join(data, 'metrics');
beforeAll(async () => {
  store = await openMigratedStore(data);
});
afterAll(async () => {
  await head.close();
  await store.close();
  rmSync(data, { recursive: true, force: true });
});

const open = (): Promise<MetricHead> =>
  openHead({ settings: { folder }, store, exactlyOnce: exactlyOnceSettings, logger: silentLogger });

test('the thread takes segments, answers the index, cuts, and takes back what it held', async () => {
  head = await open();
  // All within one stretch of two hours, also just after a new one began.
  const clock = Date.now();
  const now = clock % 7_200_000 < 300_000 ? clock - 300_000 : clock;
  const samples = Array.from({ length: 200 }, (_, i): [number, number] => [now - 200_000 + i * 1000, i]);
  const bytes = writeRequest([{ labels: { __name__: 'up', job: 'n' }, samples }]);
  const segment = writeSegment(path.join(data, 'spool'), 's1', [{ bytes, records: 200, receivedAtMs: now }]);
  expect(await head.load(segment)).toMatchObject({ entries: [{ outcome: 'accepted', records: 200 }], culprits: [] });
  await head.close();
  await expect(head.load(segment)).rejects.toThrow(/ended/);

  head = await open();
  const index = new IndexClient(head.indexPort());
  const request = { organisation: 'acme', matchers: [], startMs: 0, endMs: now, limit: 10 };
  const held = await index.select(request);
  expect(held).toMatchObject({ ok: true, value: { metrics: ['up'], fps: { length: 1 } } });
  expect(held.ok && held.value.head.series.length).toBe(4);
  await head.cut();
  const cut = await index.select(request);
  expect(cut).toMatchObject({ ok: true, value: { metrics: ['up'], head: { series: { length: 0 } } } });
  expect(await store.query('SELECT count() > 0 AS there FROM metric_chunks')).toEqual([{ there: 1 }]);
});

/** A gauge of OTLP, of a pod in a region. */
function gauge(name: string, atMs: number): Buffer {
  const writer = new ProtobufWriter();
  const inside = (field: number, write: () => void): void => {
    const opened = writer.open(field);
    write();
    writer.close(opened);
  };
  inside(1, () => {
    inside(1, () => writeAttributes(writer, 1, { 'service.name': 'till', 'k8s.pod.name': 'p1', 'cloud.region': 'eu' }));
    inside(2, () =>
      inside(2, () => {
        writer.string(1, name);
        inside(5, () =>
          inside(1, () => {
            writer.fixed64(3, BigInt(atMs) * 1_000_000n);
            writer.double(4, 1);
          }),
        );
      }),
    );
  });
  return writer.finish();
}

test('attributes of resources become labels by what is in force when a segment is taken', async () => {
  const now = Date.now();
  const load = async (name: string): Promise<void> => {
    const frame = { bytes: gauge(name, now), records: 1, receivedAtMs: now };
    await head.load(writeSegment(path.join(data, 'spool'), name, [frame], 'otlp'));
  };
  await load('before');
  head.promote({ attributes: ['k8s.pod.name'], all: false });
  await load('during');
  head.promote({ attributes: [], all: false });
  await load('after');
  const index = new IndexClient(head.indexPort());
  const { items } = await index.series({
    organisation: 'acme',
    matchers: [[{ label: 'job', operator: '=', value: 'till' }]],
    startMs: 0,
    endMs: now + 1000,
    limit: 10,
  });
  const told = items.filter(({ __name__: name }) => name !== 'target_info').map((labels) => ({ ...labels }));
  expect(told.toSorted((a, b) => ((a['__name__'] ?? '') < (b['__name__'] ?? '') ? -1 : 1))).toEqual([
    { __name__: 'after', job: 'till', service: 'till' },
    { __name__: 'before', job: 'till', service: 'till' },
    { __name__: 'during', job: 'till', service: 'till', k8s_pod_name: 'p1' },
  ]);
});

test('a head that cannot read its manifest does not open', async () => {
  await head.close();
  writeFileSync(path.join(folder, 'manifest.json'), '{"version":');
  await expect(open()).rejects.toThrow(/JSON/);
  rmSync(path.join(folder, 'manifest.json'));
  head = await open();
});
