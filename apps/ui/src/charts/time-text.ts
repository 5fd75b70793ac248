const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockSeconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayClock = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** The words under a tick, as short as the range allows. Viewer's time. */
export function tickText(at: number, rangeMs: number): string {
  if (rangeMs <= 5 * 60_000) return clockSeconds.format(at);
  if (rangeMs <= 26 * 3_600_000) return clock.format(at);
  return rangeMs <= 4 * 86_400_000 ? dayClock.format(at) : day.format(at);
}

/** Room at the end of a chart, behind its plot. */
export const chartEndPx = 8;
/** Of a character of the axes' font, at most. */
const characterPx = 6.5;

/** What stands at the ticks of the time axis: nothing where it would be cut off at the chart's end. `widthPx` is the plot's, 0 before it is known. */
export function wholeTicks(
  ticks: readonly number[],
  { from, to, widthPx }: { readonly from: number; readonly to: number; readonly widthPx: number },
): string[] {
  return ticks.map((tick) => {
    const text = tickText(tick, to - from);
    const roomPx = ((to - tick) / (to - from)) * widthPx + chartEndPx;
    return widthPx > 0 && (text.length * characterPx) / 2 > roomPx ? '' : text;
  });
}

/** Start and end of a bucket: `14:05:00 – 14:05:30`, with the day where the range is longer than one. */
export function bucketText(at: number, stepMs: number, rangeMs: number): string {
  const fine = stepMs < 60_000 ? clockSeconds : clock;
  const start = rangeMs > 26 * 3_600_000 ? `${day.format(at)} ${fine.format(at)}` : fine.format(at);
  return `${start} – ${fine.format(at + stepMs)}`;
}
