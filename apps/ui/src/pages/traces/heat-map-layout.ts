/** One cell of a latency heat map as the API tells it: duration bucket `bucket` begins at 2^(bucket / perOctave) ns. */
export interface HeatCell {
  readonly at: number;
  readonly bucket: number;
  readonly spans: number;
  readonly errors: number;
}

export interface HeatRect extends HeatCell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** 0 to 1, by the logarithm of the count: a few slow ones must be seen beside thousands of quick ones. */
  readonly strength: number;
}

export interface HeatLayout {
  readonly rects: readonly HeatRect[];
  /** First bucket and the one after the last. */
  readonly low: number;
  readonly high: number;
  /** Whether the lowest row also holds what was quicker than it. */
  readonly clipped: boolean;
  readonly rowHeight: number;
}

/** Of the quickest spans this share does not stretch the field: a span of no length among those of milliseconds would take most of it. */
const outliers = 0.005;
/** Octaves below the quickest of the others that are drawn all the same. */
const octavesBelow = 3;

/** Where the cells stand in a field of `width` × `height` px over [from, to); the slowest at the top. */
export function layoutHeatMap(
  cells: readonly HeatCell[],
  field: { from: number; to: number; stepMs: number; width: number; height: number; perOctave: number },
): HeatLayout {
  if (cells.length === 0 || field.to <= field.from) return { rects: [], low: 0, high: 0, clipped: false, rowHeight: 0 };
  const least = cells.reduce((lowest, { bucket }) => Math.min(lowest, bucket), Infinity);
  const low = Math.max(least, quickest(cells) - octavesBelow * field.perOctave) - 1;
  const high = cells.reduce((most, { bucket }) => Math.max(most, bucket), -Infinity) + 2;
  const most = Math.log1p(cells.reduce((count, { spans }) => Math.max(count, spans), 1));
  const rowHeight = field.height / (high - low);
  const perMs = field.width / (field.to - field.from);
  const rects = cells.flatMap((cell): HeatRect[] => {
    const x = (cell.at - field.from) * perMs;
    const width = field.stepMs * perMs;
    if (x + width <= 0 || x >= field.width) return [];
    const y = (high - 1 - Math.max(cell.bucket, low + 1)) * rowHeight;
    return [{ ...cell, x, y, width, height: rowHeight, strength: Math.log1p(cell.spans) / most }];
  });
  return { rects, low, high, clipped: least <= low, rowHeight };
}

/** The bucket of the quickest span but for the outliers. */
function quickest(cells: readonly HeatCell[]): number {
  let left = outliers * cells.reduce((sum, { spans }) => sum + spans, 0);
  const byBucket = cells.toSorted((a, b) => a.bucket - b.bucket);
  return byBucket.find(({ spans }) => (left -= spans) < 0)?.bucket ?? byBucket[0]?.bucket ?? 0;
}

/** Begin of a duration bucket, milliseconds. */
export const bucketMs = (bucket: number, perOctave: number): number => 2 ** (bucket / perOctave) / 1e6;

/** Round durations (1, 10, 100 ms …) that lie within the buckets, for the axis. */
export function heatTicks(
  low: number,
  high: number,
  perOctave: number,
): { readonly ms: number; readonly share: number }[] {
  const ticks: { ms: number; share: number }[] = [];
  for (let power = -6; power <= 7; power++) {
    const ms = 10 ** power;
    const bucket = Math.log2(ms * 1e6) * perOctave;
    if (bucket > low && bucket < high) ticks.push({ ms, share: (high - bucket) / (high - low) });
  }
  return ticks;
}

/** The range of time and duration that a rectangle in the field covers; undefined when it is too small to be meant. */
export function brushed(
  box: { x0: number; y0: number; x1: number; y1: number },
  field: { from: number; to: number; width: number; height: number },
  layout: Pick<HeatLayout, 'low' | 'high' | 'clipped'>,
  perOctave: number,
): { from: number; to: number; minMs: number; maxMs: number } | undefined {
  const [left, right] = [Math.min(box.x0, box.x1), Math.max(box.x0, box.x1)];
  const [top, bottom] = [Math.min(box.y0, box.y1), Math.max(box.y0, box.y1)];
  if (right - left < 4 || bottom - top < 4) return undefined;
  const perPx = (field.to - field.from) / field.width;
  const bucketAt = (y: number): number => layout.high - (y / field.height) * (layout.high - layout.low);
  return {
    from: Math.round(field.from + left * perPx),
    to: Math.round(field.from + right * perPx),
    minMs: layout.clipped && bucketAt(bottom) < layout.low + 2 ? 0 : bucketMs(bucketAt(bottom), perOctave),
    maxMs: bucketMs(bucketAt(top), perOctave),
  };
}
