import { describe, expect, test } from 'vitest';
import { LogsRequestBuilder } from '../../otlp/build-logs.ts';
import { fromJson } from './from-json.ts';
import { checkOtlp, timeWindow } from './otlp.ts';
import { rewrite } from './rewrite.ts';
import { roots } from './schema.ts';
import { walk } from './walk.ts';

const nowMs = 1_800_000_000_000;
const nowNs = BigInt(nowMs) * 1_000_000n;
const window = timeWindow(nowMs);

function request(records: number, timeNs = nowNs): Buffer {
  const builder = new LogsRequestBuilder();
  builder.resource({ 'service.name': 'orders', n: 5, big: 2n ** 60n, f: 1.5, t: true, empty: '' });
  for (let n = 0; n < records; n++)
    builder.add({ timeNs, body: 'x'.repeat(n * 50), attributes: { n, nested: { a: [n] } } });
  return builder.build();
}

function check(body: Buffer, contentType = 'application/x-protobuf', signal: 'logs' | 'spans' | 'metrics' = 'logs') {
  return checkOtlp(signal, { contentType, body, receivedAtMs: nowMs });
}

/** A generator that gives the same numbers each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('walk', () => {
  test('a good request passes as it came, its records counted', () => {
    const body = request(300);
    const checked = check(body);
    expect(checked).toMatchObject({ kind: 'accept', refused: [], frames: [{ lane: 'otlp-logs', records: 300 }] });
    if (checked.kind === 'accept') expect(checked.frames[0]?.bytes).toBe(body);
  });

  test.each([
    ['29 days back', nowNs - 29n * 86_400_000_000_000n, 1, undefined],
    ['31 days back', nowNs - 31n * 86_400_000_000_000n, 0, 'too-old'],
    ['1970', 1n, 0, 'too-old'],
    ['an hour ahead', nowNs + 3_600_000_000_000n, 1, undefined],
    ['2100', 4_102_444_800_000_000_000n, 0, 'too-new'],
    ['the end of time', 2n ** 64n - 1n, 0, 'too-new'],
    ['no time', 0n, 1, undefined],
  ])('%s', (_, timeNs, kept, reason) => {
    const checked = check(request(1, timeNs));
    if (checked.kind === 'refuse') throw new Error(checked.message);
    expect(checked.frames.length).toBe(kept);
    expect(checked.refused[0]?.reason).toBe(reason);
  });

  test('no prefix of a request passes as a whole one', () => {
    const body = request(3);
    for (let size = 1; size < body.length; size++) {
      const seen = walk(body.subarray(0, size), roots.logs, window);
      expect(seen.wellFormed && seen.records === 3).toBe(false);
    }
  });

  test('4,000 mutants: nothing throws, and what is rewritten is well-formed', () => {
    const next = random(7);
    for (let n = 0; n < 4000; n++) {
      const mutant = Buffer.from(request(4));
      for (let flips = 1 + Math.floor(next() * 4); flips > 0; flips--) {
        mutant[Math.floor(next() * mutant.length)] = Math.floor(next() * 256);
      }
      const rewritten = rewrite(mutant, roots.logs, window, 'logs');
      if (!rewritten) continue;
      const seen = walk(rewritten.bytes, roots.logs, window);
      expect(seen).toMatchObject({ wellFormed: true, badRecords: 0, nested: false, records: rewritten.records });
    }
  });
});

describe('JSON', () => {
  const log = (record: object) =>
    Buffer.from(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }));

  test('camelCase and snake_case, numbers and texts give the same bytes', () => {
    const one = fromJson(
      log({
        timeUnixNano: String(nowNs),
        severityNumber: 'SEVERITY_NUMBER_WARN',
        body: { intValue: '5' },
        traceId: 'AB'.repeat(16),
      }),
      roots.logs,
    );
    const other = fromJson(
      Buffer.from(
        `{"resource_logs":[{"scope_logs":[{"log_records":[{"time_unix_nano":"${nowNs}","severity_number":13,"body":{"int_value":5},"trace_id":"${'ab'.repeat(16)}"}]}]}]}`,
      ),
      roots.logs,
    );
    expect(one.kind).toBe('ok');
    expect(one).toEqual(other);
  });

  test('nested values become their JSON text', () => {
    const value = {
      kvlistValue: {
        values: [{ key: 'a', value: { arrayValue: { values: [{ intValue: '1' }, { doubleValue: 0.5 }] } } }],
      },
    };
    const made = fromJson(log({ body: value }), roots.logs);
    expect(made.kind === 'ok' && made.bytes.toString('latin1')).toContain('{"a":[1,0.5]}');
  });

  test.each([
    ['a text as time', { timeUnixNano: 'yesterday' }],
    ['a negative time', { timeUnixNano: -5 }],
    ['a number as attributes', { attributes: 5 }],
    ['a list as body', { body: [] }],
  ])('%s costs its record alone', (_, bad) => {
    const body = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'good' } }, bad] }] }] };
    const checked = check(Buffer.from(JSON.stringify(body)), 'application/json');
    expect(checked).toMatchObject({
      kind: 'accept',
      frames: [{ records: 1 }],
      refused: [{ reason: 'malformed', records: 1 }],
    });
  });

  test.each(['', '[]', '7', '{"resourceLogs":[7]}', '{"resourceLogs":', '\u0000'])('%j is refused', (text) => {
    expect(check(Buffer.from(text), 'application/json')).toMatchObject({ kind: 'refuse', status: 400 });
  });
});
