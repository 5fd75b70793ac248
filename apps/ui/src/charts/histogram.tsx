import { useId, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import { brushByKey, brushEnds, bucketAt, type Brush } from './brush.ts';
import './charts.css';
import { outlineOf, totalOf } from './last-week.ts';
import { formatCount } from './number-format.ts';
import { severityFill, severityOrder, severityWord, type Severity } from './severity-colour.ts';
import { bucketText, tickText } from './time-text.ts';

export interface HistogramBucket {
  readonly at: number;
  readonly counts: Readonly<Partial<Record<Severity, number>>>;
}

interface HistogramProps {
  readonly buckets: readonly HistogramBucket[];
  readonly stepMs: number;
  readonly from: number;
  readonly to: number;
  readonly label: string;
  /** Called with the ends of a brushed range in ms. */
  readonly onRange?: ((from: number, to: number) => void) | undefined;
  readonly height?: number;
  /** Totals of a week before by the start of their bucket here; drawn as an outline. */
  readonly lastWeek?: ReadonlyMap<number, number> | undefined;
}

const tall = 100;

/** Counts over time, stacked by severity with the worst at the bottom. Drag or use the arrow keys to choose a range. */
export function Histogram({
  buckets,
  stepMs,
  from,
  to,
  label,
  onRange,
  height = 72,
  lastWeek,
}: HistogramProps): ReactNode {
  const [brush, setBrush] = useState<Brush>();
  const [hover, setHover] = useState<number>();
  const plot = useRef<HTMLDivElement>(null);
  const hint = useId();
  const slots = useMemo(() => fillSlots(buckets, stepMs, from, to), [buckets, stepMs, from, to]);
  const high = useMemo(
    () => slots.reduce((most, slot) => Math.max(most, totalOf(slot), lastWeek?.get(slot.at) ?? 0), 0),
    [slots, lastWeek],
  );
  const ends = brush === undefined ? undefined : brushEnds(brush);
  const shown = brush?.head ?? hover;
  const apply = (chosen: Brush) => {
    const [first, last] = brushEnds(chosen);
    const start = slots[first];
    const end = slots[last];
    setBrush(undefined);
    if (start !== undefined && end !== undefined) onRange?.(Math.max(from, start.at), Math.min(to, end.at + stepMs));
  };
  const bucketOf = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return bucketAt(event.clientX - box.left, box.width, slots.length);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const effect = brushByKey(brush, event.key, event.shiftKey, slots.length);
    if (effect === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (effect.kind === 'apply') apply(effect.brush);
    else setBrush(effect.kind === 'move' ? effect.brush : undefined);
  };
  return (
    <div className="histogram">
      <div className="histogram-scale" aria-hidden="true">
        <span>{high > 0 ? formatCount(high) : ''}</span>
        <span>0</span>
      </div>
      <div
        ref={plot}
        className="histogram-plot"
        style={{ height }}
        role="group"
        aria-roledescription="chart"
        aria-label={label}
        aria-describedby={hint}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onBlur={() => setBrush(undefined)}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const bucket = bucketOf(event);
          setBrush({ anchor: bucket, head: bucket });
        }}
        onPointerMove={(event) => {
          const bucket = bucketOf(event);
          setHover(bucket);
          if (brush !== undefined && event.buttons === 1) setBrush({ anchor: brush.anchor, head: bucket });
        }}
        onPointerUp={() => brush !== undefined && apply(brush)}
        onPointerCancel={() => setBrush(undefined)}
        onPointerLeave={() => setHover(undefined)}
      >
        <svg
          width="100%"
          height={height}
          viewBox={`0 0 ${Math.max(1, slots.length)} ${tall}`}
          preserveAspectRatio="none"
        >
          {severityPaths(slots, high).map(({ severity, d }) => (
            <path key={severity} d={d} fill={severityFill[severity]} />
          ))}
          {lastWeek !== undefined && (
            <path
              className="chart-last-week"
              d={outlineOf(
                slots.map(({ at }) => lastWeek.get(at) ?? 0),
                high,
                tall,
              )}
            />
          )}
          {ends !== undefined && (
            <rect className="chart-brush" x={ends[0]} width={ends[1] - ends[0] + 1} y={0} height={tall} />
          )}
          {ends === undefined && hover !== undefined && (
            <rect className="chart-hover" x={hover} width={1} y={0} height={tall} />
          )}
        </svg>
        {shown !== undefined && slots[shown] !== undefined && (
          <BucketCard
            slot={slots[shown]}
            share={(shown + 0.5) / slots.length}
            stepMs={stepMs}
            rangeMs={to - from}
            lastWeek={lastWeek?.get(slots[shown].at) ?? (lastWeek && 0)}
          />
        )}
      </div>
      <div className="chart-ticks" aria-hidden="true">
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <span key={share}>{tickText(from + (to - from) * share, to - from)}</span>
        ))}
      </div>
      <p id={hint} className="only-read-aloud">
        {spokenSummary(slots)} Arrow keys move, Shift with arrows chooses a range, Enter takes it.
      </p>
    </div>
  );
}

function BucketCard({
  slot,
  share,
  stepMs,
  rangeMs,
  lastWeek,
}: {
  readonly slot: HistogramBucket;
  readonly share: number;
  readonly stepMs: number;
  readonly rangeMs: number;
  readonly lastWeek: number | undefined;
}): ReactNode {
  const counts = severityOrder
    .map((severity) => ({ severity, count: slot.counts[severity] ?? 0 }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count);
  const side = share > 0.6 ? { right: `${(1 - share) * 100}%` } : { left: `${share * 100}%` };
  return (
    <div className="chart-card" style={side} role="status">
      <div className="muted">{bucketText(slot.at, stepMs, rangeMs)}</div>
      {counts.length === 0 && <div>no records</div>}
      {counts.map(({ severity, count }) => (
        <div key={severity} className="chart-card-row">
          <span className="swatch" style={{ background: severityFill[severity] }} />
          <span className="grow">{severityWord(severity)}</span>
          <span>{formatCount(count)}</span>
        </div>
      ))}
      {lastWeek !== undefined && (
        <div className="chart-card-row muted">
          <span className="swatch" />
          <span className="grow">a week before</span>
          <span>{formatCount(lastWeek)}</span>
        </div>
      )}
    </div>
  );
}

/** Every bucket of the range in order; those in which nothing came are empty. */
function fillSlots(
  buckets: readonly HistogramBucket[],
  stepMs: number,
  from: number,
  to: number,
): readonly HistogramBucket[] {
  if (stepMs <= 0 || to <= from) return buckets;
  const origin = buckets[0]?.at ?? from;
  const start = origin - Math.floor((origin - from) / stepMs) * stepMs;
  const first = start > from ? start - stepMs : start;
  const length = Math.min(1000, Math.max(1, Math.ceil((to - first) / stepMs)));
  const slots: HistogramBucket[] = Array.from({ length }, (_, index) => ({ at: first + index * stepMs, counts: {} }));
  for (const bucket of buckets) {
    const index = Math.round((bucket.at - first) / stepMs);
    if (index >= 0 && index < length) slots[index] = bucket;
  }
  return slots;
}

function severityPaths(
  slots: readonly HistogramBucket[],
  high: number,
): readonly { readonly severity: Severity; readonly d: string }[] {
  if (high === 0) return [];
  const floors = slots.map(() => 0);
  return severityOrder.map((severity) => {
    let d = '';
    slots.forEach((slot, index) => {
      const count = slot.counts[severity] ?? 0;
      if (count <= 0) return;
      const bottom = floors[index] ?? 0;
      const size = Math.max(1, (count / high) * tall);
      d += `M${index + 0.08} ${tall - bottom}v${-size}h0.84v${size}z`;
      floors[index] = bottom + size;
    });
    return { severity, d };
  });
}

function spokenSummary(slots: readonly HistogramBucket[]): string {
  const sums = severityOrder.map((severity) => ({
    severity,
    count: slots.reduce((sum, { counts }) => sum + (counts[severity] ?? 0), 0),
  }));
  const said = sums.filter(({ count }) => count > 0).map(({ severity, count }) => `${count} ${severityWord(severity)}`);
  return said.length === 0 ? 'No records.' : `${said.join(', ')}.`;
}
