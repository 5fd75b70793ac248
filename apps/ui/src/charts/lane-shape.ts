export interface LanePoint {
  readonly at: number;
  readonly value: number;
}

/** The usual distance between two points, ms; 0 for fewer than two. */
export function stepOf(points: readonly LanePoint[]): number {
  const steps = points.slice(1).map((p, i) => p.at - (points[i]?.at ?? 0));
  return steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
}

/** The moment of the first point of any of the lanes that is not nought; undefined where none has one. */
export function firstAt(lanes: readonly (readonly LanePoint[])[]): number | undefined {
  const firsts = lanes.flatMap((points) => points.filter(({ value }) => value !== 0).slice(0, 1)).map(({ at }) => at);
  return firsts.length === 0 ? undefined : Math.min(...firsts);
}

export function sumOf(points: readonly LanePoint[]): number {
  return points.reduce((sum, { value }) => sum + value, 0);
}

/** Runs of points without a gap: where more than two and a half steps are missing, a new run starts. */
export function runsOf(points: readonly LanePoint[]): readonly (readonly LanePoint[])[] {
  const gap = stepOf(points) * 2.5;
  const runs: LanePoint[][] = [];
  let last: LanePoint | undefined;
  for (const point of points) {
    if (last === undefined || point.at - last.at > gap) runs.push([]);
    runs.at(-1)?.push(point);
    last = point;
  }
  return runs;
}

/** The point that stands for a moment: the nearest, if it is within one step. */
export function pointAt(points: readonly LanePoint[], at: number): LanePoint | undefined {
  let best: LanePoint | undefined;
  for (const p of points) if (best === undefined || Math.abs(p.at - at) < Math.abs(best.at - at)) best = p;
  return best !== undefined && Math.abs(best.at - at) <= Math.max(stepOf(points), 1) ? best : undefined;
}
