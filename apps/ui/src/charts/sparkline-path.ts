/** Values in order of time, at even distances; undefined where nothing was measured. */
export type SparkPoints = readonly { readonly at: number; readonly value: number | undefined }[];

/** A line through what was measured, with gaps where nothing was; a value between two gaps is a dot, its caps round. Pixels. */
export function linePath(points: SparkPoints, high: number, width: number, height: number): string {
  const step = points.length > 1 ? width / (points.length - 1) : 0;
  return points
    .map(({ value }, index) => {
      if (value === undefined) return '';
      const y = high > 0 ? height - 1 - (Math.max(0, value) / high) * (height - 3) : height - 1;
      const at = `${(index * step).toFixed(1)} ${y.toFixed(1)}`;
      if (points[index - 1]?.value !== undefined) return `L${at}`;
      return points[index + 1]?.value === undefined ? `M${at}h0` : `M${at}`;
    })
    .join('');
}

/** A bar for each value above zero. Pixels. */
export function barsPath(points: SparkPoints, high: number, width: number, height: number): string {
  const step = width / Math.max(1, points.length);
  const bar = Math.max(1, step * 0.75);
  return points
    .map(({ value = 0 }, index) => {
      if (value <= 0 || high <= 0) return '';
      const tall = Math.max(1.5, (value / high) * (height - 2));
      return `M${(index * step).toFixed(1)} ${height}v${(-tall).toFixed(1)}h${bar.toFixed(1)}v${tall.toFixed(1)}z`;
    })
    .join('');
}
