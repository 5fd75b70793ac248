import { compressSync } from 'snappy';
import { describe, expect, test } from 'vitest';
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts';
import type { Checked, ProtocolRequest } from '../../protocol.ts';
import { checkRemoteWrite, prometheusRemoteWrite, remoteWriteReply } from './prometheus-remote-write.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const scope = { organisation: 'acme', keyId: 'k1', site: '', device: '', service: '', environment: '' };
type Sample = readonly [value: number, timestampMs: number];

/** One series of a WriteRequest. */
function series(
  labels: Record<string, string>,
  samples: readonly Sample[],
  extraField = 0,
  extra: readonly number[] = [0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
): Buffer {
  const writer = new ProtobufWriter();
  const opened = writer.open(1);
  for (const [name, value] of Object.entries(labels)) {
    const label = writer.open(1);
    writer.string(1, name);
    writer.string(2, value);
    writer.close(label);
  }
  for (const [value, timestampMs] of samples) {
    const sample = writer.open(2);
    writer.double(1, value);
    writer.integer(2, timestampMs);
    writer.close(sample);
  }
  if (extraField > 0) writer.bytes(extraField, Buffer.from(extra));
  writer.close(opened);
  return writer.finish();
}

function request(body: Buffer, headers: Record<string, string> = {}): ProtocolRequest {
  return {
    method: 'POST',
    params: {},
    query: new URLSearchParams(),
    headers,
    contentType: 'application/x-protobuf',
    body,
    scope,
    receivedAtMs: now,
  };
}

function accepted(checked: Checked): Extract<Checked, { kind: 'accept' }> {
  if (checked.kind !== 'accept') throw new Error(checked.message);
  return checked;
}

const up = series({ __name__: 'up', job: 'till' }, [
  [1, now],
  [0, now - 1000],
]);

const brokenLabel = Buffer.from(series({ __name__: 'x', job: 'A' }, [[1, now]]));
brokenLabel[brokenLabel.indexOf('A')] = 0xff;
const twice = Buffer.from(series({ __name__: 'x', job: '1', joc: '2' }, [[1, now]]));
twice[twice.indexOf('joc') + 2] = 0x62;
const twiceApart = Buffer.from(series({ __name__: 'x', job: '1', code: '7', joc: '2' }, [[1, now]]));
twiceApart[twiceApart.indexOf('joc') + 2] = 0x62;
/** Two observations in one bucket. */
const histogram: readonly number[] = (() => {
  const writer = new ProtobufWriter();
  writer.integer(1, 2);
  writer.integer(4, 2);
  const span = writer.open(11);
  writer.integer(2, 1);
  writer.close(span);
  writer.bytes(12, Buffer.from([4]));
  writer.integer(15, now);
  return [...writer.finish()];
})();

test('good series are kept byte by byte', () => {
  const metadata = Buffer.from([0x1a, 2, 8, 1]);
  const checked = accepted(
    checkRemoteWrite(request(Buffer.concat([up, metadata, series({ __name__: 'x' }, [[NaN, now]])]))),
  );
  expect(checked).toMatchObject({
    refused: [],
    frames: [{ lane: 'prometheus-remote-write', records: 3, signal: 'metrics' }],
  });
  expect(Buffer.from(checked.frames[0]?.bytes ?? []).subarray(0, up.length)).toEqual(up);
});

describe('refused alone', () => {
  test.each([
    ['a series without a name', series({ job: 'x' }, [[1, now]]), 'malformed', 1],
    ['a label without a name', series({ __name__: 'x', '': 'y' }, [[1, now]]), 'malformed', 1],
    ['a sample of 1970', series({ __name__: 'x' }, [[1, 1]]), 'too-old', 1],
    ['a sample of 2100', series({ __name__: 'x' }, [[1, 4102444800000]]), 'too-new', 1],
    ['a label that is no UTF-8', brokenLabel, 'malformed', 1],
    ['a label twice', twice, 'malformed', 1],
    ['a label twice, another between', twiceApart, 'malformed', 1],
    ['a native histogram of an unknown schema', series({ __name__: 'x' }, [], 4, [0x20, 40]), 'malformed', 1],
  ])('%s', (_, bad, reason, records) => {
    const checked = accepted(checkRemoteWrite(request(Buffer.concat([up, bad]))));
    expect(checked.frames).toMatchObject([{ records: 2 }]);
    expect(Buffer.from(checked.frames[0]?.bytes ?? [])).toEqual(up);
    expect(checked.refused).toMatchObject([{ reason, records }]);
  });
  test('one sample among others', () => {
    const among = (...samples: Sample[]): Buffer => series({ __name__: 'x' }, samples, 3);
    const checked = accepted(checkRemoteWrite(request(among([1, now], [2, 1], [3, now + 1]))));
    expect(checked).toMatchObject({ frames: [{ records: 2 }], refused: [{ reason: 'too-old', records: 1 }] });
    expect(Buffer.from(checked.frames[0]?.bytes ?? [])).toEqual(among([1, now], [3, now + 1]));
  });
});

test.each<[what: string, body: Buffer, records: number]>([
  ['a native histogram', series({ __name__: 'x' }, [], 4, histogram), 1],
  ['an exemplar', series({ __name__: 'x' }, [[1, now]], 3), 1],
  ['metadata', Buffer.from([0x1a, 5, 8, 1, 0x12, 1, 0x78]), 0],
  ['names in any language', series({ __name__: 'größe total', 'a.b': 'ü', 温度: '9' }, [[1, now]]), 1],
  ['labels in no order', Buffer.concat([series({ job: 'x', __name__: 'x' }, [[1, now]])]), 1],
])('%s is kept', (_, body, records) => {
  const checked = accepted(checkRemoteWrite(request(body)));
  expect(checked).toMatchObject({ refused: [], frames: [{ records }] });
  expect(Buffer.from(checked.frames[0]?.bytes ?? [])).toEqual(body);
});

describe('labels that were found good before', () => {
  const labels = { __name__: 'known', job: '1' };
  const label = (name: string): number[] => [0x0a, name.length, ...Buffer.from(name), 0x12, 1, 0x32];
  const judged = (body: Buffer): Pick<ReturnType<typeof accepted>, 'refused'> & { records: number } => {
    const { frames, refused } = accepted(checkRemoteWrite(request(body)));
    return { records: frames.reduce((sum, frame) => sum + frame.records, 0), refused };
  };

  test('are taken again, each time the same', () => {
    const body = series(labels, [[1, now]]);
    for (let time = 0; time < 3; time++) expect(judged(body)).toEqual({ records: 1, refused: [] });
    expect(judged(series(labels, [[1, 1]]))).toMatchObject({
      records: 0,
      refused: [{ reason: 'too-old', records: 1 }],
    });
  });
  test.each([
    ['another label behind the samples is taken', 'zone', 1, []],
    ['the same label behind the samples is refused', 'job', 0, [{ reason: 'malformed', records: 1 }]],
  ])('%s', (_, name, records, refused) => {
    expect(judged(series(labels, [[1, now]]))).toMatchObject({ records: 1 });
    for (let time = 0; time < 2; time++)
      expect(judged(series(labels, [[1, now]], 1, label(name)))).toMatchObject({ records, refused });
  });
  test('labels that were refused are refused again', () => {
    for (let time = 0; time < 2; time++)
      expect(judged(twiceApart)).toMatchObject({ records: 0, refused: [{ reason: 'malformed', records: 1 }] });
  });
});

test('how far samples may lie back is handed in', () => {
  const old = series({ __name__: 'x' }, [[1, 1]]);
  const kept = (metricsFromMs: number): number =>
    accepted(checkRemoteWrite({ ...request(old), metricsFromMs })).frames.length;
  expect([kept(-Infinity), kept(0), kept(2)]).toEqual([1, 1, 0]);
});

describe('refused whole', () => {
  test.each([
    ['text', Buffer.from('hello there')],
    ['a cut message', up.subarray(0, up.length - 3)],
    ['a wrong wire type', Buffer.from([0x08, 1])],
  ])('%s', (_, body) =>
    expect(checkRemoteWrite(request(body))).toMatchObject({ kind: 'refuse', status: 400, reason: 'malformed' }),
  );
  test.each<[contentType: string, parameter: string]>([
    ['application/x-protobuf', ';proto=io.prometheus.write.v3.Request'],
    ['application/json', ''],
    ['text/plain', ''],
  ])('%s%s', (contentType, parameter) =>
    expect(
      checkRemoteWrite({ ...request(up, { 'content-type': contentType + parameter }), contentType }),
    ).toMatchObject({ status: 415, message: expect.stringContaining('io.prometheus.write.v2.Request') }),
  );
});

test('the bare block is unpacked within its bound', async () => {
  const uncompress = prometheusRemoteWrite.endpoints[0]?.uncompress;
  expect(await uncompress?.(request(compressSync(up)), 1000)).toEqual(up);
  expect(await uncompress?.(request(up, { 'content-encoding': 'snappy' }), 1000)).toEqual(up);
  await expect(uncompress?.(request(compressSync(Buffer.alloc(100_000))), 1000)).rejects.toBeInstanceOf(RangeError);
});

test('mutants end as a value, and what passes can be walked again without a loss', () => {
  const good = Buffer.concat([up, series({ __name__: 'x', site: 'STORE_1' }, [[1, now]])]);
  let seed = 11;
  const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  for (let round = 0; round < 3000; round++) {
    const mutant = Buffer.from(good);
    mutant[random(mutant.length)] = random(256);
    const checked = checkRemoteWrite(request(mutant));
    if (checked.kind === 'refuse' || checked.frames.length === 0) continue;
    const again = accepted(checkRemoteWrite(request(Buffer.from(checked.frames[0]?.bytes ?? []))));
    expect(again).toMatchObject({ refused: [], frames: [{ records: checked.frames[0]?.records }] });
  }
});

test.each([
  [[], 204],
  [[{ signal: 'metrics', reason: 'too-old', records: 2, message: 'old' } as const], 400],
])('after refusals %j the answer is %d', (refused, status) =>
  expect(remoteWriteReply({ kind: 'stored', frames: [], refused }, request(up))).toMatchObject({ status }),
);
