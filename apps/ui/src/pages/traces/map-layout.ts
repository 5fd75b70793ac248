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
interface Point {
  readonly x: number;
  readonly y: number;
}
export interface MapLayout<Node> {
  readonly nodes: readonly Placed<Node>[];
  readonly byId: ReadonlyMap<string, Placed<Node>>;
  /** Where an edge passes columns between its ends: the left end of a clear way as wide as a node. By `edgeKey`; of neighbours none. */
  readonly ways: ReadonlyMap<string, readonly Point[]>;
  readonly width: number;
  readonly height: number;
}

export const nodeSize = { width: 204, height: 44 };
const gap = { x: 44, y: 20 };
/** What an edge needs of a column that it passes. */
const wayHeight = 6;
/** Edges over several columns that have ways of their own; with more, the picture would be nothing but ways. */
const mostWays = 80;
const sweeps = 6;

export const edgeKey = ({ from, to }: PlainEdge): string => JSON.stringify([from, to]);

/** What takes room in a column: a node, or an edge that passes. */
interface Slot {
  readonly id: string;
  readonly height: number;
}

/**
 * Callers left of what they call, in columns; within a column, near what they are joined with (sweeps over the mean place of
 * neighbours). An edge over several columns has room of its own in those between, so that it passes nodes instead of going behind them.
 * The same input gives the same picture. Circles are cut where they close.
 */
export function layoutMap<Node extends PlainNode>(
  nodes: readonly Node[],
  edges: readonly PlainEdge[],
): MapLayout<Node> {
  const ids = new Set(nodes.map(({ id }) => id));
  const known = edges.filter(({ from, to }) => ids.has(from) && ids.has(to) && from !== to);
  const layers = layersOf([...ids].toSorted(), known);
  const columns: Slot[][] = [];
  for (const id of [...ids].toSorted()) (columns[layers.get(id) ?? 0] ??= []).push({ id, height: nodeSize.height });
  const { steps, passed } = routed(known, layers, columns);
  const neighbours = neighboursOf(steps);
  orderColumns(columns, neighbours);
  const tops = placeSlots(columns, neighbours);

  const stepX = nodeSize.width + gap.x;
  const byNode = new Map(nodes.map((node) => [node.id, node]));
  const placed = columns.flatMap((column, c) =>
    column.flatMap(({ id }): Placed<Node>[] => {
      const node = byNode.get(id);
      return node ? [{ node, x: c * stepX, y: tops.get(id) ?? 0 }] : [];
    }),
  );
  const ways = new Map<string, Point[]>();
  for (const [key, way] of passed)
    ways.set(
      key,
      way.map(({ id, column }) => ({ x: column * stepX, y: (tops.get(id) ?? 0) + wayHeight / 2 })),
    );
  return {
    nodes: placed,
    byId: new Map(placed.map((one) => [one.node.id, one])),
    ways,
    width: Math.max(nodeSize.width, columns.length * stepX - gap.x),
    height: columns
      .flat()
      .reduce((most, { id, height }) => Math.max(most, (tops.get(id) ?? 0) + height), nodeSize.height),
  };
}

/** Cuts edges over several columns into steps from column to column, and makes room for them in those that they pass. */
function routed(
  edges: readonly PlainEdge[],
  layers: ReadonlyMap<string, number>,
  columns: Slot[][],
): { steps: PlainEdge[]; passed: ReadonlyMap<string, readonly { id: string; column: number }[]> } {
  const steps: PlainEdge[] = [];
  const passed = new Map<string, { id: string; column: number }[]>();
  const once = new Map(edges.map((edge) => [edgeKey(edge), edge]));
  for (const [key, edge] of [...once].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const [first, last] = [layers.get(edge.from) ?? 0, layers.get(edge.to) ?? 0];
    if (last - first < 2 || passed.size >= mostWays) {
      steps.push(edge);
      continue;
    }
    let before = edge.from;
    const way: { id: string; column: number }[] = [];
    for (let column = first + 1; column < last; column++) {
      // No node is called so: ids are texts of a service or of a peer, this is a list.
      const id = `${key} ${column}`;
      columns[column]?.push({ id, height: wayHeight });
      way.push({ id, column });
      steps.push({ from: before, to: id });
      before = id;
    }
    steps.push({ from: before, to: edge.to });
    passed.set(key, way);
  }
  return { steps, passed };
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

function neighboursOf(edges: readonly PlainEdge[]): ReadonlyMap<string, readonly string[]> {
  const neighbours = new Map<string, string[]>();
  const join = (one: string, other: string): void => {
    const list = neighbours.get(one);
    if (list) list.push(other);
    else neighbours.set(one, [other]);
  };
  for (const { from, to } of edges) {
    join(from, to);
    join(to, from);
  }
  return neighbours;
}

function orderColumns(columns: Slot[][], neighbours: ReadonlyMap<string, readonly string[]>): void {
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const places = new Map(
      columns.flatMap((column) => column.map(({ id }, at) => [id, at - column.length / 2] as const)),
    );
    for (const column of columns) {
      const means = new Map(column.map(({ id }) => [id, meanOf(neighbours.get(id), places) ?? 0]));
      column.sort((a, b) => (means.get(a.id) ?? 0) - (means.get(b.id) ?? 0) || (a.id < b.id ? -1 : 1));
      column.forEach(({ id }, at) => places.set(id, at - column.length / 2));
    }
  }
}

function meanOf(of: readonly string[] = [], places: ReadonlyMap<string, number>): number | undefined {
  return of.length === 0 ? undefined : of.reduce((sum, one) => sum + (places.get(one) ?? 0), 0) / of.length;
}

/** The upper end of each slot: in the order of its column, as near to the middle of its neighbours as the others leave room. */
function placeSlots(
  columns: readonly (readonly Slot[])[],
  neighbours: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, number> {
  const middles = new Map<string, number>();
  for (const column of columns) {
    const whole = column.reduce((sum, { height }) => sum + height + gap.y, -gap.y);
    let top = -whole / 2;
    for (const { id, height } of column) {
      middles.set(id, top + height / 2);
      top += height + gap.y;
    }
  }
  for (let sweep = 0; sweep < sweeps; sweep++)
    for (const column of sweep % 2 === 0 ? columns : columns.toReversed()) {
      // Slots that would overlap move together, about the mean of where they would stand (isotonic regression of the places less what must lie above).
      const blocks: { sum: number; slots: number }[] = [];
      let above = 0;
      const offsets = column.map(({ id, height }) => {
        const offset = above + height / 2;
        above += height + gap.y;
        blocks.push({ sum: (meanOf(neighbours.get(id), middles) ?? middles.get(id) ?? 0) - offset, slots: 1 });
        for (let last = blocks.at(-1), over = blocks.at(-2); last && over; last = blocks.at(-1), over = blocks.at(-2)) {
          if (over.sum / over.slots <= last.sum / last.slots) break;
          blocks.splice(-2, 2, { sum: over.sum + last.sum, slots: over.slots + last.slots });
        }
        return offset;
      });
      const starts = blocks.flatMap(({ sum, slots }) => Array.from({ length: slots }, () => sum / slots));
      column.forEach(({ id }, at) => middles.set(id, (starts[at] ?? 0) + (offsets[at] ?? 0)));
    }
  const slots = columns.flat();
  const least = slots.reduce((top, { id, height }) => Math.min(top, (middles.get(id) ?? 0) - height / 2), Infinity);
  return new Map(slots.map(({ id, height }) => [id, Math.round((middles.get(id) ?? 0) - height / 2 - least)]));
}

/** An edge from the right side of one node, along its way, to the left side of another; backwards it swings below. */
export function edgePath(from: Point, to: Point, way: readonly Point[] = []): string {
  const middle = nodeSize.height / 2;
  const [x0, y0] = [from.x + nodeSize.width, from.y + middle];
  const [x1, y1] = [to.x, to.y + middle];
  if (x1 <= x0) {
    const low = Math.max(y0, y1) + nodeSize.height;
    return `M${x0} ${y0}C${x0 + 60} ${low} ${x1 - 60} ${low} ${x1} ${y1}`;
  }
  let path = `M${x0} ${y0}`;
  let [x, y] = [x0, y0];
  const curveTo = (nextX: number, nextY: number): void => {
    const bend = (nextX - x) / 2;
    path += `C${x + bend} ${y} ${nextX - bend} ${nextY} ${nextX} ${nextY}`;
    [x, y] = [nextX, nextY];
  };
  for (const point of way) {
    curveTo(point.x, point.y);
    x += nodeSize.width;
    path += `H${x}`;
  }
  curveTo(x1, y1);
  return path;
}
