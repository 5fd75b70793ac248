import { costGrowth, nearlyLinear } from '@sightline/base/testing';
import type { Span } from '@sightline/contract';
import { describe, expect, it } from 'vitest';
import { spanAt } from '../../records/span.fixture.ts';
import { drawRow, layoutFlame, type FlameBar } from './flame-layout.ts';
import { buildSpanTree } from './span-tree.ts';

/** Rows as text: `a 0-100` is a bar over the whole width. */
const flame = (spans: readonly Span[], zoom = ''): string[] =>
  layoutFlame(buildSpanTree(spans), zoom).rows.map((row) => row.map(said).join(', '));
const said = ({ node, left, width }: FlameBar): string =>
  `${node.span.spanId} ${Math.round(left * 100)}-${Math.round((left + width) * 100)}`;

const order = [
  spanAt('a', '', 0, 100),
  spanAt('b', 'a', 10, 50),
  spanAt('c', 'a', 50, 90),
  spanAt('d', 'c', 60, 80),
  spanAt('e', 'd', 60, 70),
];

describe('the flame view', () => {
  it.each<[string, readonly Span[], string, readonly string[]]>([
    ['stands children under their parents', order, '', ['a 0-100', 'b 10-50, c 50-90', 'd 60-80', 'e 60-70']],
    [
      'pushes siblings at the same time down a row',
      [spanAt('a', '', 0, 100), spanAt('b', 'a', 0, 60), spanAt('c', 'a', 20, 80), spanAt('d', 'a', 60, 100)],
      '',
      ['a 0-100', 'b 0-60, d 60-100', 'c 20-80'],
    ],
    [
      'keeps a pushed span above its children, and others out of their place',
      [spanAt('a', '', 0, 100), spanAt('b', 'a', 0, 50), spanAt('b1', 'b', 10, 40), spanAt('c', 'a', 5, 60)],
      '',
      ['a 0-100', 'b 0-50', 'c 5-60', 'b1 10-40'],
    ],
    ['zooms to a span and what is below it', order, 'c', ['c 0-100', 'd 25-75', 'e 25-50']],
    ['shows everything for a span that is not there', order.slice(0, 2), 'gone', ['a 0-100', 'b 10-50']],
    [
      'shows work that goes on after the parent when zoomed',
      [spanAt('a', '', 0, 100), spanAt('b', 'a', 0, 50), spanAt('late', 'b', 40, 100)],
      'b',
      ['b 0-50', 'late 40-100'],
    ],
    [
      'places a parent first though a clock lets the child start before it',
      [spanAt('a', '', 10, 100), spanAt('b', 'a', 0, 50)],
      '',
      ['a 10-100', 'b 0-50'],
    ],
    [
      'sets roots at the same time under each other',
      [spanAt('a', '', 0, 100), spanAt('x', 'gone', 50, 100)],
      '',
      ['a 0-100', 'x 50-100'],
    ],
    [
      'tells spans without a length apart',
      [spanAt('a', '', 0, 0), spanAt('b', 'a', 0, 0), spanAt('c', 'a', 0, 0)],
      '',
      ['a 0-0', 'b 0-0', 'c 0-0'],
    ],
    ['is empty without spans', [], '', []],
  ])('%s', (_name, spans, zoom, rows) => expect(flame(spans, zoom)).toEqual(rows));

  it('never draws two spans over each other, and every span below its parent', () => {
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const spans = Array.from({ length: 2000 }, (_, i) => {
      const from = random(10_000);
      return spanAt(`s${i}`, i === 0 ? '' : `s${random(i)}`, from, from + random(300));
    });
    const { rows, byId } = layoutFlame(buildSpanTree(spans));
    expect(byId.size).toBe(2000);
    for (const row of rows) {
      expect(row.length).toBeGreaterThan(0);
      row.forEach((bar, i) => {
        const before = row[i - 1];
        if (before !== undefined) expect(bar.node.startNs).toBeGreaterThanOrEqual(before.node.endNs);
        if (bar.parent !== undefined) expect(bar.row).toBeGreaterThan(bar.parent.row);
      });
    }
  });

  it.each<[string, (i: number) => Span]>([
    ['in a chain', (i) => spanAt(`s${i}`, i === 0 ? '' : `s${i - 1}`, 0, 20_000 - i)],
    ['one after another', (i) => spanAt(`s${i}`, i === 0 ? '' : 's0', i, i + 1)],
    ['all at once', (i) => spanAt(`s${i}`, i === 0 ? '' : 's0', 0, 20_000)],
  ])('lays out 10,000 spans %s at a cost by their number', async (_name, at) => {
    const growth = await costGrowth(
      10_000,
      (length) => buildSpanTree(Array.from({ length }, (_, i) => at(i))),
      (tree) => layoutFlame(tree),
    );
    expect(growth).toBeLessThan(nearlyLinear);
    expect(layoutFlame(buildSpanTree(Array.from({ length: 10_000 }, (_, i) => at(i)))).byId.size).toBe(10_000);
  });

  it('joins what is too narrow to see, says how many and that one failed, and keeps the chosen one apart', () => {
    const spans = [
      spanAt('a', '', 0, 1000),
      ...Array.from({ length: 10 }, (_, i) =>
        spanAt(`n${i}`, 'a', i, i + (i === 4 ? 0.9 : 0.5), { status: i === 7 ? 'error' : 'unset' }),
      ),
      spanAt('wide', 'a', 500, 900),
    ];
    const row = layoutFlame(buildSpanTree(spans)).rows[1] ?? [];
    const draw = (keep?: string) =>
      drawRow(row, 100, keep).map((one) => `${one.bar.node.span.spanId} ×${one.bars}${one.failed ? ' failed' : ''}`);
    expect(draw()).toEqual(['n4 ×10 failed', 'wide ×1']);
    expect(draw('n8')).toEqual(['n4 ×8 failed', 'n8 ×1', 'n9 ×1', 'wide ×1']);
    for (const { leftPx, widthPx } of drawRow(row, 100)) {
      expect(widthPx).toBeGreaterThanOrEqual(3);
      expect(leftPx + widthPx).toBeLessThanOrEqual(100);
    }
  });
});
