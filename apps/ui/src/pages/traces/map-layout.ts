/** What the layout needs of a node and an edge of the service map. */
export interface PlainNode {
  readonly id: string;
}
export interface PlainEdge {
  readonly from: string;
  readonly to: string;
}

export interface Placed<Node> {
  readonly node: Node;
  readonly x: number;
  readonly y: number;
}
export interface MapLayout<Node> {
  readonly nodes: readonly Placed<Node>[];
  readonly byId: ReadonlyMap<string, Placed<Node>>;
  readonly width: number;
  readonly height: number;
}

export const nodeSize = { width: 204, height: 44 };
const gap = { x: 44, y: 20 };
const sweeps = 6;

/**
 * Callers left of what they call, in columns; within a column, near what they are joined with (sweeps over the mean place of
 * neighbours). The same input gives the same picture. Circles are cut where they close.
 */
export function layoutMap<Node extends PlainNode>(
  nodes: readonly Node[],
  edges: readonly PlainEdge[],
): MapLayout<Node> {
  const ids = new Set(nodes.map(({ id }) => id));
  const known = edges.filter(({ from, to }) => ids.has(from) && ids.has(to) && from !== to);
  const layers = layersOf([...ids].toSorted(), known);
  const columns: string[][] = [];
  for (const id of [...ids].toSorted()) (columns[layers.get(id) ?? 0] ??= []).push(id);
  const filled = columns.filter((column) => column !== undefined);
  orderColumns(filled, known);

  const tallest = Math.max(1, ...filled.map((column) => column.length));
  const step = { x: nodeSize.width + gap.x, y: nodeSize.height + gap.y };
  const byNode = new Map(nodes.map((node) => [node.id, node]));
  const placed = filled.flatMap((column, c) =>
    column.flatMap((id, r): Placed<Node>[] => {
      const node = byNode.get(id);
      const y = ((tallest - column.length) / 2 + r) * step.y;
      return node ? [{ node, x: c * step.x, y }] : [];
    }),
  );
  return {
    nodes: placed,
    byId: new Map(placed.map((one) => [one.node.id, one])),
    width: Math.max(nodeSize.width, filled.length * step.x - gap.x),
    height: tallest * step.y - gap.y,
  };
}

/** The longest way from a node that nobody calls; edges that close a circle do not count. */
function layersOf(ids: readonly string[], edges: readonly PlainEdge[]): Map<string, number> {
  const next = Map.groupBy(edges, ({ from }) => from);
  const called = new Set(edges.map(({ to }) => to));
  const state = new Map<string, 'open' | 'done'>();
  const order: string[] = [];
  const forward = new Set<PlainEdge>();
  // By hand instead of recursion: a chain may be as long as there are services.
  const visit = (start: string): void => {
    const stack: { id: string; edge: number }[] = [{ id: start, edge: 0 }];
    state.set(start, 'open');
    while (stack.length > 0) {
      const top = stack.at(-1);
      if (!top) return;
      const edge = next.get(top.id)?.[top.edge++];
      if (!edge) {
        state.set(top.id, 'done');
        order.push(top.id);
        stack.pop();
        continue;
      }
      const seen = state.get(edge.to);
      if (seen === 'open') continue;
      forward.add(edge);
      if (seen === undefined) {
        state.set(edge.to, 'open');
        stack.push({ id: edge.to, edge: 0 });
      }
    }
  };
  for (const id of [...ids.filter((one) => !called.has(one)), ...ids]) if (!state.has(id)) visit(id);
  const layers = new Map<string, number>();
  for (const id of order.toReversed()) {
    const own = layers.get(id) ?? 0;
    layers.set(id, own);
    for (const edge of next.get(id) ?? [])
      if (forward.has(edge)) layers.set(edge.to, Math.max(layers.get(edge.to) ?? 0, own + 1));
  }
  return layers;
}

function orderColumns(columns: string[][], edges: readonly PlainEdge[]): void {
  const neighbours = new Map<string, string[]>();
  for (const { from, to } of edges) {
    neighbours.set(from, [...(neighbours.get(from) ?? []), to]);
    neighbours.set(to, [...(neighbours.get(to) ?? []), from]);
  }
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const places = new Map(columns.flatMap((column) => column.map((id, at) => [id, at - column.length / 2] as const)));
    for (const column of columns) {
      const mean = (id: string): number => {
        const near = neighbours.get(id) ?? [];
        return near.length === 0 ? 0 : near.reduce((sum, one) => sum + (places.get(one) ?? 0), 0) / near.length;
      };
      const means = new Map(column.map((id) => [id, mean(id)]));
      column.sort((a, b) => (means.get(a) ?? 0) - (means.get(b) ?? 0) || (a < b ? -1 : 1));
      column.forEach((id, at) => places.set(id, at - column.length / 2));
    }
  }
}

/** An edge from the right side of one node to the left side of another; backwards it swings below. */
export function edgePath(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const middle = nodeSize.height / 2;
  const [x0, y0] = [from.x + nodeSize.width, from.y + middle];
  const [x1, y1] = [to.x, to.y + middle];
  if (x1 > x0) {
    const bend = (x1 - x0) / 2;
    return `M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`;
  }
  const low = Math.max(y0, y1) + nodeSize.height;
  return `M${x0} ${y0}C${x0 + 60} ${low} ${x1 - 60} ${low} ${x1} ${y1}`;
}
