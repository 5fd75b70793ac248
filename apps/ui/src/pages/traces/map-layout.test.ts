import { describe, expect, it } from 'vitest';
import { edgeKey, edgePath, layoutMap, nodeSize } from './map-layout.ts';

const nodes = (...ids: string[]) => ids.map((id) => ({ id }));
/** `a>b b>c` */
const edges = (text: string) =>
  text.split(' ').map((pair) => {
    const [from = '', to = ''] = pair.split('>');
    return { from, to };
  });
function columnsOf(ids: string[], text: string): string {
  const { nodes: placed } = layoutMap(nodes(...ids), edges(text));
  const byX = Map.groupBy(placed, ({ x }) => x);
  return [...byX]
    .sort(([a], [b]) => a - b)
    .map(([, column]) =>
      column
        .toSorted((a, b) => a.y - b.y)
        .map(({ node }) => node.id)
        .join(','),
    )
    .join(' | ');
}

describe('the service map', () => {
  it.each([
    ['a chain', ['c', 'b', 'a'], 'a>b b>c', 'a | b | c'],
    ['a fork', ['a', 'b', 'c'], 'a>b a>c', 'a | b,c'],
    ['the longer way decides', ['a', 'b', 'c'], 'a>c a>b b>c', 'a | b | c'],
    ['a circle is cut', ['a', 'b', 'c'], 'a>b b>c c>a', 'a | b | c'],
    ['itself and strangers do not count', ['a', 'b'], 'a>a a>b b>x', 'a | b'],
    ['crossings are undone', ['a', 'b', 'x', 'y'], 'a>y b>x', 'b,a | x,y'],
    ['one alone', ['a'], 'a>a', 'a'],
  ])('%s', (_, ids, text, expected) => expect(columnsOf(ids, text)).toBe(expected));

  it('places nobody on another, also in a circle of all with all', () => {
    const ids = Array.from({ length: 30 }, (_, i) => `s${i}`);
    const all = ids.flatMap((from) => ids.map((to) => ({ from, to })));
    const { nodes: placed, width, height } = layoutMap(nodes(...ids), all);
    expect(new Set(placed.map(({ x, y }) => `${x} ${y}`)).size).toBe(30);
    for (const { x, y } of placed) {
      expect(x + nodeSize.width).toBeLessThanOrEqual(width);
      expect(y + nodeSize.height).toBeLessThanOrEqual(height);
    }
  });
  it('is the same whatever the order of what came', () => {
    const ids = ['d', 'a', 'c', 'b'];
    expect(columnsOf(ids, 'a>b a>c c>d')).toBe(columnsOf(ids.toReversed(), 'c>d a>c a>b'));
  });
  it('draws a way back below', () => {
    expect(edgePath({ x: 0, y: 0 }, { x: 300, y: 0 })).toContain('C');
    expect(edgePath({ x: 300, y: 0 }, { x: 0, y: 0 })).toContain(`${22 + nodeSize.height}`);
  });
  it.each([
    ['one column passed', ['a', 'b', 'c'], 'a>b b>c a>c'],
    ['several', ['a', 'b', 'c', 'd', 'e'], 'a>b b>c c>d d>e a>e b>e a>c'],
    ['many callers of one', ['a', 'b', 'c', 'd', 'x', 'y', 'z'], 'a>b b>c c>d a>x b>x x>d y>d a>z z>d a>d'],
  ])('no edge goes behind a node: %s', (_, ids, text) => {
    const layout = layoutMap(nodes(...ids), edges(text));
    for (const edge of edges(text)) {
      const [from, to] = [layout.byId.get(edge.from), layout.byId.get(edge.to)];
      if (!from || !to) throw new Error('not placed');
      const way = layout.ways.get(edgeKey(edge)) ?? [];
      expect(way).toHaveLength((to.x - from.x) / (nodeSize.width + 44) - 1);
      for (const { x, y } of way)
        for (const node of layout.nodes)
          expect(node.x === x && y > node.y - 8 && y < node.y + nodeSize.height + 8).toBe(false);
    }
  });
  it('goes along its way', () => {
    expect(edgePath({ x: 0, y: 0 }, { x: 496, y: 0 }, [{ x: 248, y: 100 }])).toMatch(
      /^M204 22C.* 248 100H452C.* 496 22$/,
    );
  });
});
