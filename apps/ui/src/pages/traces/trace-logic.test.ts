import { describe, expect, it } from 'vitest';
import type { Span } from '@sightline/contract';
import { criticalPath } from './critical-path.ts';
import { diagnoseTrace, normaliseOperation, operationOf } from './diagnosis.ts';
import { buildSpanTree } from './span-tree.ts';
import { spanAt } from '../../records/span.fixture.ts';
import {
  ancestorsOf,
  gapsOf,
  layoutWaterfall,
  placeOf,
  selfTimeNs,
  silentNs,
  tookPlace,
  untracedIn,
} from './waterfall-layout.ts';

const shape = (spans: Span[], collapsed: string[] = []) =>
  layoutWaterfall(buildSpanTree(spans), new Set(collapsed)).map(
    ({ node, depth, collapsed: shut }) => '.'.repeat(depth) + node.span.spanId + (shut ? `+${node.below}` : ''),
  );
const path = (spans: Span[]) =>
  criticalPath(buildSpanTree(spans)).map(({ spanId, fromNs, toNs }) => `${spanId} ${fromNs / 1e6}-${toNs / 1e6}`);

describe('the waterfall', () => {
  it.each<[string, Span[], string[], string[]]>([
    [
      'orders children by start',
      [spanAt('b', 'a', 50, 90), spanAt('a', '', 0, 100), spanAt('c', 'a', 10, 40)],
      [],
      ['a', '.c', '.b'],
    ],
    ['shows a span whose parent never came', [spanAt('a', '', 0, 9), spanAt('x', 'gone', 5, 8)], [], ['a', 'x']],
    ['counts a span sent twice once', [spanAt('a', '', 0, 9), spanAt('a', '', 0, 9)], [], ['a']],
    ['opens a circle at its earliest span', [spanAt('a', 'b', 0, 9), spanAt('b', 'a', 1, 8)], [], ['a', '.b']],
    ['takes a span that is its own parent', [spanAt('a', 'a', 0, 9)], [], ['a']],
    [
      'folds what is collapsed',
      [spanAt('a', '', 0, 9), spanAt('b', 'a', 1, 8), spanAt('c', 'b', 2, 3)],
      ['b'],
      ['a', '.b+1'],
    ],
    ['has nothing to fold in a leaf', [spanAt('a', '', 0, 9)], ['a'], ['a']],
    ['is empty without spans', [], [], []],
  ])('%s', (_name, spans, collapsed, rows) => expect(shape(spans, collapsed)).toEqual(rows));

  it('lays out 10,000 spans in a chain and 10,000 side by side within a frame or two', () => {
    const chain = Array.from({ length: 10_000 }, (_, i) => spanAt(`s${i}`, i === 0 ? '' : `s${i - 1}`, 0, 20_000 - i));
    const flat = Array.from({ length: 10_000 }, (_, i) => spanAt(`s${i}`, i === 0 ? '' : 's0', i, i + 1));
    const started = performance.now();
    expect(shape(chain)).toHaveLength(10_000);
    expect(shape(flat)).toHaveLength(10_000);
    expect(path(chain).length).toBeGreaterThan(9000);
    expect(path(flat).length).toBeGreaterThan(0);
    expect(performance.now() - started).toBeLessThan(1500);
  });

  it('knows the gaps of a span and its own time', () => {
    const tree = buildSpanTree([spanAt('a', '', 0, 100), spanAt('b', 'a', 10, 40), spanAt('c', 'a', 30, 60)]);
    const root = tree.roots[0];
    if (root === undefined) throw new Error('no root');
    expect(gapsOf(root)).toEqual([
      [0, 10e6],
      [60e6, 100e6],
    ]);
    expect(selfTimeNs(root)).toBe(50e6);
  });

  it.each<[string, Span[], [number, number][], number]>([
    ['a leaf has none', [spanAt('a', '', 0, 100)], [], 0],
    [
      'before, between and behind its children',
      [spanAt('a', '', 0, 100), spanAt('b', 'a', 10, 40), spanAt('c', 'a', 60, 90)],
      [
        [0, 10],
        [40, 60],
        [90, 100],
      ],
      0,
    ],
    [
      'less than a hundredth of the trace is its own work',
      [spanAt('a', '', 0, 1000), spanAt('b', 'a', 9, 1000)],
      [],
      0,
    ],
    [
      'of more than twenty the longest',
      [
        spanAt('a', '', 0, 2520),
        ...Array.from({ length: 30 }, (_, i) => spanAt(`c${i}`, 'a', i * 84 + 30 + i, i * 84 + 84)),
      ],
      Array.from({ length: 20 }, (_, i) => [(i + 10) * 84, (i + 10) * 84 + 30 + i + 10]),
      0,
    ],
    [
      'between spans that nothing holds',
      [spanAt('a', '', 0, 10), spanAt('x', 'gone', 30, 40), spanAt('y', 'gone', 35, 60)],
      [],
      20,
    ],
  ])('knows untraced time: %s', (_, spans, gaps, silent) => {
    const tree = buildSpanTree(spans);
    const root = tree.roots[0];
    if (root === undefined) throw new Error('no root');
    expect(untracedIn(root, tree)).toEqual(gaps.map(([from, to]) => [from * 1e6, to * 1e6]));
    expect(silentNs(tree)).toBe(silent * 1e6);
  });

  it('places logs, and finds what must be open to see a span', () => {
    const tree = buildSpanTree([spanAt('a', '', 0, 100), spanAt('b', 'a', 0, 50), spanAt('c', 'b', 0, 10)]);
    expect(placeOf(spanAt('x', '', 25, 25).startNs, tree)).toBeCloseTo(0.25);
    expect(placeOf(spanAt('x', '', 101, 101).startNs, tree)).toBeUndefined();
    expect(placeOf('soon', tree)).toBeUndefined();
    expect(ancestorsOf('c', tree)).toEqual(['a', 'b']);
    expect(ancestorsOf('nobody', tree)).toEqual([]);
  });
});

describe('the place of a duration', () => {
  it.each([
    ['behind a bar', { left: 0, width: 40 }, [], { inside: false, style: { left: '40.4%' } }],
    ['before a bar at the end', { left: 60, width: 40 }, [], { inside: false, style: { right: '40.4%' } }],
    [
      'in the middle of a bar that fills the track',
      { left: 0, width: 100 },
      [],
      { inside: true, style: { left: '50%' } },
    ],
    ['beside an event in the middle', { left: 0, width: 100 }, [50], { inside: true, style: { left: '42%' } }],
    ['between events', { left: 0, width: 100 }, [44, 50, 57], { inside: true, style: { left: '36%' } }],
  ])('is %s', (_where, bar, marks, expected) => expect(tookPlace(bar, marks)).toEqual(expected));
});

describe('the critical path', () => {
  it.each<[string, Span[], string[]]>([
    ['is the span itself when it is alone', [spanAt('a', '', 0, 10)], ['a 0-10']],
    [
      'goes through children one after another',
      [spanAt('a', '', 0, 100), spanAt('b', 'a', 10, 40), spanAt('c', 'a', 50, 90)],
      ['a 0-10', 'b 10-40', 'a 40-50', 'c 50-90', 'a 90-100'],
    ],
    [
      'follows the slower of two that ran together',
      [spanAt('a', '', 0, 100), spanAt('quick', 'a', 10, 40), spanAt('slow', 'a', 10, 90)],
      ['a 0-10', 'slow 10-90', 'a 90-100'],
    ],
    ['goes down to the leaf', [spanAt('a', '', 0, 50), spanAt('b', 'a', 0, 50), spanAt('c', 'b', 0, 50)], ['c 0-50']],
    [
      'does not wait for what ends after the answer',
      [spanAt('a', '', 0, 50), spanAt('async', 'a', 40, 500)],
      ['a 0-40', 'async 40-50'],
    ],
    ['is nothing without spans', [], []],
  ])('%s', (_name, spans, expected) => expect(path(spans)).toEqual(expected));
});

describe('normaliseOperation', () => {
  it.each([
    ['SELECT id, sku FROM inventory WHERE sku = $1', 'SELECT … FROM inventory'],
    ['select * from "public"."items" where id in (1,2,3)', 'SELECT … FROM public.items'],
    ['INSERT INTO orders (id) VALUES (1)', 'INSERT INTO orders'],
    ['update stock set n = 3', 'UPDATE stock'],
    ['DELETE FROM carts WHERE id=1', 'DELETE FROM carts'],
    ['GET /orders/12345/items', 'GET /orders/?/items'],
    ['GET /users/9f1c2b3a-0000-4000-8000-0123456789ab', 'GET /users/?'],
    ['GET /files/0af7651916cd43dd8448eb211c80319c', 'GET /files/?'],
    ['POST /api/v1/orders', 'POST /api/v1/orders'],
    ["lookup 'card 4'", 'lookup ?'],
    ['decade', 'decade'],
    ['', ''],
  ])('%s → %s', (name, operation) => expect(normaliseOperation(name)).toBe(operation));
  it('prefers the statement to the driver’s word', () => {
    const span = spanAt('a', '', 0, 1, { name: 'pg.query', attributes: { 'db.query.text': 'SELECT 1 FROM stock' } });
    expect(operationOf(span)).toBe('SELECT … FROM stock');
  });
  it('keeps very long names short', () => expect(normaliseOperation('x'.repeat(500)).length).toBe(80));
});

describe('diagnoseTrace', () => {
  const diagnose = (spans: Span[]) => diagnoseTrace(buildSpanTree(spans));
  const calls = Array.from({ length: 41 }, (_, i) =>
    spanAt(`q${i}`, 'root', 100 + i * 46, 146 + i * 46, {
      name: `SELECT qty FROM inventory WHERE sku = '${i}'`,
      service: 'inventory',
    }),
  );
  it('finds the query that is asked again and again', () => {
    const result = diagnose([spanAt('root', '', 0, 2300), ...calls]);
    expect(result?.sentence).toBe('82 % of 2.3 s in SELECT … FROM inventory, 41 calls');
    expect(result).toMatchObject({ service: 'inventory', calls: 41, failure: null });
  });
  it('does not count twice what ran side by side', () => {
    const side = diagnose([
      spanAt('root', '', 0, 100),
      spanAt('x1', 'root', 0, 90, { name: 'x' }),
      spanAt('x2', 'root', 0, 90, { name: 'x' }),
    ]);
    expect(side?.share).toBeCloseTo(0.9);
  });
  it('says where a failure began, not where it was passed on', () => {
    const result = diagnose([
      spanAt('root', '', 0, 100, { status: 'error' }),
      spanAt('mid', 'root', 0, 90, { status: 'error' }),
      spanAt('leaf', 'mid', 0, 80, {
        name: 'charge card',
        service: 'payment',
        status: 'error',
        statusMessage: 'processor timeout',
      }),
    ]);
    expect(result?.failure).toEqual({ spanId: 'leaf', sentence: 'failed in charge card (payment): processor timeout' });
  });
  it('does not blame where nothing stands out', () => {
    const many = Array.from({ length: 10 }, (_, i) => spanAt(`step-${'abcdefghij'[i]}`, 'root', i * 10, i * 10 + 10));
    expect(diagnose([spanAt('root', '', 0, 100), ...many])?.sentence).toMatch(
      /^No single cause: at most 10 % of 100 ms in step-/,
    );
  });
  it.each([
    ['one span', [spanAt('ping', '', 0, 5)], 'One span: 5 ms in ping'],
    ['no time', [spanAt('a', '', 0, 0), spanAt('b', 'a', 0, 0)], 'No time was measured in 2 spans'],
  ])('%s', (_name, spans, sentence) => expect(diagnose(spans)?.sentence).toBe(sentence));
  it('has nothing to say without spans', () => expect(diagnose([])).toBeNull());
});
