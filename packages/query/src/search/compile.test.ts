import { describe, expect, test } from 'vitest';
import type { Table } from './fields.ts';
import { compileSearch } from './search.ts';

function compiled(table: Table, text: string): { sql: string; values: unknown[] } {
  const search = compileSearch(table, text);
  if (!search.ok) throw new Error(search.error.message);
  return { sql: search.value.sql, values: Object.values(search.value.parameters) };
}

describe('conditions', () => {
  test.each<[Table, string, string, unknown[]]>([
    ['logs', '', '1', []],
    ['logs', 'Payment', 'hasToken(lowerUTF8(body), {q0:String})', ['payment']],
    ['logs', '"Payment failed"', 'hasPhrase(lowerUTF8(body), {q0:String})', ['payment failed']],
    ['logs', '"***"', 'position(lowerUTF8(body), {q0:String}) > 0', ['***']],
    ['logs', '*out*', '(lowerUTF8(body) LIKE {q0:String})', ['%out%']],
    [
      'logs',
      'ORD-12345',
      '(hasPhrase(lowerUTF8(body), {q0:String}) OR correlation_id = {q1:String} OR has(mapValues(attrs), {q1:String}))',
      ['ord 12345', 'ORD-12345'],
    ],
    ['logs', 'store:STORE_047', 'lowerUTF8(site) = {q0:String}', ['store_047']],
    ['logs', 'service:pay%*', 'lowerUTF8(service) LIKE {q0:String}', ['pay\\%%']],
    ['logs', 'severity:>=error', 'severity >= {q0:UInt8}', [17]],
    ['logs', 'severity:>warn', 'severity > {q0:UInt8}', [16]],
    ['logs', 'level:warning', '(severity >= {q0:UInt8} AND severity <= {q1:UInt8})', [13, 16]],
    ['logs', 'severity:10', 'severity = {q0:UInt8}', [10]],
    ['logs', '@a:b', '(has(mapValues(attrs), {q1:String}) AND attrs[{q0:String}] = {q1:String})', ['a', 'b']],
    [
      'logs',
      'a:b',
      '((has(mapValues(attrs), {q1:String}) AND attrs[{q0:String}] = {q1:String}) OR (has(mapValues(res), {q1:String}) AND res[{q0:String}] = {q1:String}))',
      ['a', 'b'],
    ],
    ['logs', 'res.a:>5', 'ifNull(toFloat64OrNull(res[{q0:String}]) > {q1:Float64}, 0)', ['a', 5]],
    [
      'logs',
      'traceId:00000000-0000-0000-0000-0000000000ff',
      'trace_id = toFixedString(unhex({q0:String}), 16)',
      ['000000000000000000000000000000ff'],
    ],
    [
      'spans',
      'trace:E9F93A1958C2A09A',
      'trace_id = toFixedString(unhex({q0:String}), 16)',
      [`${'0'.repeat(16)}E9F93A1958C2A09A`],
    ],
    ['logs', 'exists:/^pay/', 'arrayExists(name -> match(name, {q0:String}), mapKeys(attrs))', ['^pay']],
    ['errors', 'exists:/^pay/', 'arrayExists(name -> match(name, {q0:String}), mapKeys(tags))', ['^pay']],
    ['logs', 'retention.class:Compliance', 'lowerUTF8(class) = {q0:String}', ['compliance']],
    ['spans', 'duration:>1.5s', 'toFloat64(duration_ns) > {q0:Float64}', [1.5e9]],
    ['spans', 'duration:250', 'toFloat64(duration_ns) = {q0:Float64}', [2.5e8]],
    [
      'spans',
      'duration:[10us TO 1m]',
      '(toFloat64(duration_ns) >= {q0:Float64} AND toFloat64(duration_ns) <= {q1:Float64})',
      [10_000, 6e10],
    ],
    ['spans', 'kind:Server -status:ok', '(kind = {q0:UInt8} AND NOT status_code = {q1:UInt8})', [2, 1]],
    ['errors', 'issue:00000000000000ff', 'issue = {q0:UInt64}', [255n]],
    [
      'errors',
      'issue:SIGHTLINE-0000000A',
      '(issue >= {q0:UInt64} AND issue <= {q1:UInt64})',
      [0xa_0000_0000n, 0xa_ffff_ffffn],
    ],
    ['errors', 'handled:no', 'handled = 0', []],
    [
      'errors',
      'tag.browser:Chrome',
      '(has(mapValues(tags), {q1:String}) AND tags[{q0:String}] = {q1:String})',
      ['browser', 'Chrome'],
    ],
  ])('%s: %s', (table, text, sql, values) => {
    expect(compiled(table, text)).toEqual({ sql, values });
  });

  test('no byte of the search stands in the SQL', () => {
    for (const table of ['logs', 'spans', 'errors'] as const) {
      for (const text of [
        'zzz',
        'zzz:zzz',
        '"zzz"',
        'zzz*',
        '/zzz/',
        'zzz:>1',
        'zzz:(zzz OR zzz)',
        'exists:zzz',
        'exists:/zzz/',
        '@zzz:zzz*',
        'zzz:/zzz/',
      ]) {
        expect(compiled(table, text).sql).not.toContain('zzz');
      }
    }
  });

  test('names of parameters take a prefix', () => {
    expect(compileSearch('errors', 'handled:yes type:x', 'issues')).toMatchObject({
      ok: true,
      value: { parameters: { issues0: 'x' } },
    });
  });

  test.each([
    ['', true],
    ['severity:error (site:a OR env:b) -service:c', true],
    ['payment', false],
    ['service:a release:b', false],
    ['a:b', false],
  ])('%j asks for the dimensions of the volume view only: %s', (text, expected) => {
    expect(compileSearch('logs', text)).toMatchObject({ ok: true, value: { onlyVolume: expected } });
  });
});

describe('refuses what does not fit the field', () => {
  test.each<[Table, string, number, number, string]>([
    [
      'logs',
      'severity:loud',
      9,
      13,
      'expected trace, debug, info, warn, error, fatal or a number from 0 to 24 after `severity:`',
    ],
    [
      'logs',
      'a severity:>25',
      12,
      14,
      'expected trace, debug, info, warn, error, fatal or a number from 0 to 24 after `severity:`',
    ],
    ['logs', 'trace:xyz', 6, 9, 'expected 32 hexadecimal digits after `trace:`'],
    ['logs', 'amount:>lots', 8, 12, 'expected a number after `amount:`, got `lots`'],
    ['logs', 'service:>a', 0, 10, 'expected a value after `service:`, not a comparison: it has no order'],
    ['spans', 'duration:>soon', 10, 14, 'expected a duration such as 500ms or 1.5s after `duration:`, got `soon`'],
    ['spans', 'status:bad', 7, 10, 'expected unset, ok, error or a number after `status:`'],
    ['spans', 'kind:robot', 5, 10, 'expected unspecified, internal, server, client, producer, consumer after `kind:`'],
    [
      'errors',
      'issue:12',
      0,
      8,
      'expected 16 hexadecimal digits or a short id such as SIGHTLINE-3F2A91BC after `issue:`',
    ],
    ['errors', 'handled:maybe', 0, 13, 'expected true or false after `handled:`'],
  ])('%s: %s', (table, text, from, to, message) => {
    expect(compileSearch(table, text)).toEqual({ ok: false, error: { message, position: { from, to } } });
  });
});
