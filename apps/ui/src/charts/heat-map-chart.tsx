import { useEffect, useRef, useState, type PointerEvent, type ReactNode } from 'react';
import type { HeatCells } from './heat-cells.ts';
import { formatCount } from './number-format.ts';
import { bucketText, tickText } from './time-text.ts';
import { useColourScheme } from './use-colour-scheme.ts';
import './charts.css';

const axisWidth = 56;
const axisHeight = 20;

/** How many were in each bucket at each time: the more, the stronger the colour. A dragged range becomes the page's. */
export function HeatMapChart(props: {
  heat: HeatCells;
  from: number;
  to: number;
  stepMs: number;
  /** What it is called for who cannot see it. */
  label: string;
  /** With its axes, px. */
  width: number;
  height: number;
  /** Writes a bucket's bound. */
  boundText: (bound: string) => string;
  onRange: (from: number, to: number) => void;
}): ReactNode {
  const { heat, from, to, stepMs, label, width, height, boundText, onRange } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [point, setPoint] = useState<{ x: number; y: number }>();
  const [start, setStart] = useState<number>();
  const scheme = useColourScheme();
  const plot = { width: Math.max(50, width - axisWidth), height: Math.max(40, height - axisHeight) };
  const rows = heat.bounds.length;
  const columns = Math.max(1, Math.round((to - from) / stepMs));

  useEffect(() => {
    const element = canvas.current;
    const pen = element?.getContext('2d');
    if (!element || !pen) return;
    const scale = devicePixelRatio;
    element.width = plot.width * scale;
    element.height = plot.height * scale;
    pen.scale(scale, scale);
    pen.clearRect(0, 0, plot.width, plot.height);
    pen.fillStyle = getComputedStyle(element).getPropertyValue('--accent');
    const wide = plot.width / columns;
    const tall = plot.height / Math.max(1, rows);
    // Lines between narrow cells would be a pattern of their own.
    const gap = wide < 5 ? 0 : 0.5;
    heat.cells.forEach((row, level) =>
      row.forEach((value, index) => {
        if (value === null || value <= 0) return;
        const x = (((heat.times[index] ?? 0) - from) / (to - from)) * plot.width;
        // The square root keeps rare ones in sight beside the many.
        pen.globalAlpha = 0.08 + 0.92 * Math.sqrt(value / heat.most);
        const [left, right] = gap === 0 ? [Math.round(x - wide), Math.round(x)] : [x - wide, x - gap];
        pen.fillRect(left, plot.height - (level + 1) * tall, Math.max(1, right - left), Math.max(1, tall - 0.5));
      }),
    );
    // The scheme stands for the colours, which are read from the page.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [heat, plot.width, plot.height, columns, rows, from, to, scheme]);

  const timeAt = (x: number): number => from + (Math.max(0, Math.min(plot.width, x)) / plot.width) * (to - from);
  const place = (event: PointerEvent): { x: number; y: number } => {
    const box = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  if (rows === 0) return <p className="panel-none">No values in this range</p>;
  const level = point === undefined ? -1 : Math.floor((1 - point.y / plot.height) * rows);
  const index = point === undefined ? -1 : heat.times.findIndex((at) => at >= timeAt(point.x));
  const value = heat.cells[level]?.[index];
  const shownBounds = heat.bounds
    .map((bound, row) => ({ bound, row }))
    .filter(({ row }) => row % Math.max(1, Math.ceil((rows * 16) / plot.height)) === 0);
  return (
    <div className="heat-map" style={{ height }}>
      <div className="heat-bounds" style={{ height: plot.height }} aria-hidden>
        {shownBounds.map(({ bound, row }) => (
          <span key={bound} style={{ bottom: ((row + 0.5) / rows) * plot.height - 7 }}>
            {boundText(bound)}
          </span>
        ))}
      </div>
      <div
        className="heat-plot"
        style={{ width: plot.width, height: plot.height }}
        onPointerMove={(event) => setPoint(place(event))}
        onPointerLeave={() => setPoint(undefined)}
        onPointerDown={(event) => setStart(place(event).x)}
        onPointerUp={(event) => {
          const { x } = place(event);
          if (start !== undefined && Math.abs(x - start) > 5)
            onRange(timeAt(Math.min(x, start)), timeAt(Math.max(x, start)));
          setStart(undefined);
        }}
        onPointerCancel={() => setStart(undefined)}
      >
        <canvas
          ref={canvas}
          role="img"
          aria-label={`${label}: ${rows} buckets over time, at most ${formatCount(heat.most)} in one`}
          style={{ width: plot.width, height: plot.height }}
        />
        {start !== undefined && point !== undefined && (
          <span className="heat-drag" style={{ left: Math.min(start, point.x), width: Math.abs(point.x - start) }} />
        )}
        {point !== undefined && value !== undefined && value !== null && (
          <div
            className="chart-card"
            style={point.x > plot.width / 2 ? { right: plot.width - point.x + 8 } : { left: point.x + 8 }}
            role="status"
          >
            <div className="muted">{bucketText((heat.times[index] ?? 0) - stepMs, stepMs, to - from)}</div>
            <div className="chart-card-row">
              <span className="grow">
                {level > 0 ? `${boundText(heat.bounds[level - 1] ?? '')} – ` : '≤ '}
                {boundText(heat.bounds[level] ?? '')}
              </span>
              <span>{formatCount(value)}</span>
            </div>
          </div>
        )}
      </div>
      <div className="chart-ticks" style={{ marginLeft: axisWidth }} aria-hidden>
        {[0, 0.5, 1].map((share) => (
          <span key={share}>{tickText(from + (to - from) * share, to - from)}</span>
        ))}
      </div>
    </div>
  );
}
