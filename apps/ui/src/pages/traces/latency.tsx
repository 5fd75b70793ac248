import { Button, TextInput } from '@mantine/core';
import { latencyHeatMap } from '@sightline/contract';
import { useRef, useState, type PointerEvent, type ReactNode } from 'react';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { useGo } from '../../shell/go.tsx';
import { brushed, bucketMs, heatTicks, layoutHeatMap } from './heat-map-layout.ts';
import { LatencyExamples } from './latency-examples.tsx';

const size = { width: 1000, height: 260 };

/** Durations over time. A rectangle drawn over the slow ones lists them. */
export function Latency(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query } = useScope();
  const go = useGo();
  const operation = search['operation'] ?? '';
  const q = search['q'] ?? '';
  const { data, error, isPending, refetch } = useAsk(latencyHeatMap, {
    query: { ...query, q, operation, columns: 120 },
  });
  const [from, to, minMs, maxMs] = (search['brush'] ?? '').split(',').map(Number);
  const brush =
    from !== undefined &&
    to !== undefined &&
    minMs !== undefined &&
    maxMs !== undefined &&
    [from, to, minMs, maxMs].every(Number.isFinite)
      ? { from, to, minMs, maxMs }
      : undefined;
  return (
    <>
      <div className="page-head">
        <TextInput
          size="xs"
          aria-label="Search spans"
          placeholder="All entry spans, or a search: db.system.name:postgresql"
          className="heat-query"
          defaultValue={q}
          key={q}
          onKeyDown={(event) => {
            if (event.key === 'Enter') setSearch({ q: event.currentTarget.value, brush: '' }, { push: true });
          }}
        />
        {operation !== '' && (
          <Button size="xs" variant="default" onClick={() => setSearch({ operation: '' })}>
            {operation} ✕
          </Button>
        )}
      </div>
      {isPending && <SkeletonRows rows={8} height={32} />}
      {error !== null && data === undefined && <ErrorState error={error} again={() => void refetch()} />}
      {data?.cells.length === 0 && (
        <EmptyState
          compact
          title="No spans in this range"
          text="Choose a longer range, or another search."
          action={<Button onClick={() => go('/data')}>Send data</Button>}
        />
      )}
      {data !== undefined && data.cells.length > 0 && (
        <HeatMap
          data={data}
          from={query.from}
          to={query.to}
          brush={brush}
          onBrush={(range) =>
            setSearch(
              {
                brush: range
                  ? [range.from, range.to, Number(range.minMs.toPrecision(4)), Number(range.maxMs.toPrecision(4))].join(
                      ',',
                    )
                  : '',
              },
              { push: true },
            )
          }
        />
      )}
      {brush !== undefined && (
        <LatencyExamples
          query={{ ...query, from: brush.from, to: brush.to }}
          q={q}
          operation={operation}
          slowerThanMs={brush.minMs}
          fasterThanMs={brush.maxMs}
        />
      )}
    </>
  );
}

type Brush = { readonly from: number; readonly to: number; readonly minMs: number; readonly maxMs: number };

function HeatMap(props: {
  data: Reply<typeof latencyHeatMap>;
  from: number;
  to: number;
  brush: Brush | undefined;
  onBrush: (brush: Brush | undefined) => void;
}): ReactNode {
  const { data, from, to, brush, onBrush } = props;
  const field = useRef<SVGSVGElement>(null);
  const [box, setBox] = useState<{ x0: number; y0: number; x1: number; y1: number }>();
  const place = { from, to, stepMs: data.stepMs, perOctave: data.perOctave, ...size };
  const layout = layoutHeatMap(data.cells, place);
  const spans = data.cells.reduce((sum, cell) => sum + cell.spans, 0);
  const slowest = bucketMs(Math.max(...data.cells.map(({ bucket }) => bucket)) + 1, data.perOctave);
  const at = (event: PointerEvent): { x: number; y: number } => {
    const outer = field.current?.getBoundingClientRect();
    if (!outer) return { x: 0, y: 0 };
    return {
      x: ((event.clientX - outer.left) / outer.width) * size.width,
      y: ((event.clientY - outer.top) / outer.height) * size.height,
    };
  };
  const yOf = (ms: number): number =>
    ((layout.high - Math.log2(ms * 1e6) * data.perOctave) / (layout.high - layout.low)) * size.height;
  const xOf = (ms: number): number => ((ms - from) / (to - from)) * size.width;
  return (
    <section className="panel panel-body heat-panel">
      <p className="muted">
        {formatCount(spans)} spans, the slowest about {formatDuration(slowest)}. Draw a rectangle to list what lies in
        it.
        {brush && (
          <>
            {' '}
            <button type="button" className="plain-button" onClick={() => onBrush(undefined)}>
              Clear {formatDuration(brush.minMs)} to {formatDuration(brush.maxMs)}
            </button>
          </>
        )}
        <button
          type="button"
          className="plain-button"
          onClick={() => onBrush({ from, to, minMs: slowest / 4, maxMs: slowest * 2 })}
        >
          List the slowest
        </button>
      </p>
      <div className="heat-field">
        <div className="heat-axis" aria-hidden>
          {heatTicks(layout.low, layout.high, data.perOctave).map(({ ms, share }) => (
            <span key={ms} style={{ insetBlockStart: `${(100 * share).toFixed(2)}%` }}>
              {formatDuration(ms)}
            </span>
          ))}
        </div>
        <svg
          ref={field}
          role="img"
          aria-label={`Durations over time: ${formatCount(spans)} spans, the slowest about ${formatDuration(slowest)}`}
          viewBox={`0 0 ${size.width} ${size.height}`}
          preserveAspectRatio="none"
          onPointerDown={(event) => {
            const { x, y } = at(event);
            event.currentTarget.setPointerCapture(event.pointerId);
            setBox({ x0: x, y0: y, x1: x, y1: y });
          }}
          onPointerMove={(event) => {
            if (!box) return;
            const { x, y } = at(event);
            setBox({ ...box, x1: x, y1: y });
          }}
          onPointerUp={() => {
            if (box) onBrush(brushed(box, place, layout, data.perOctave));
            setBox(undefined);
          }}
          onPointerCancel={() => setBox(undefined)}
        >
          {layout.rects.map((rect) => (
            <rect
              key={`${rect.at} ${rect.bucket}`}
              x={rect.x}
              y={rect.y}
              width={Math.max(1, rect.width - 0.5)}
              height={Math.max(1, rect.height - 0.5)}
              fill={rect.errors * 2 > rect.spans ? 'var(--bad-fill)' : 'var(--series-1)'}
              fillOpacity={0.15 + 0.85 * rect.strength}
            >
              <title>{`${formatCount(rect.spans)} spans of about ${formatDuration(bucketMs(rect.bucket, data.perOctave))}, ${formatCount(rect.errors)} failed`}</title>
            </rect>
          ))}
          {box && (
            <rect
              className="heat-brush"
              x={Math.min(box.x0, box.x1)}
              y={Math.min(box.y0, box.y1)}
              width={Math.abs(box.x1 - box.x0)}
              height={Math.abs(box.y1 - box.y0)}
            />
          )}
          {!box && brush && (
            <rect
              className="heat-brush"
              x={xOf(brush.from)}
              y={Math.max(0, yOf(brush.maxMs))}
              width={Math.max(2, xOf(brush.to) - xOf(brush.from))}
              height={Math.max(2, Math.min(size.height, yOf(brush.minMs)) - Math.max(0, yOf(brush.maxMs)))}
            />
          )}
        </svg>
      </div>
      <p className="heat-ends muted">
        <TimeText at={from} />
        <TimeText at={to} />
      </p>
    </section>
  );
}
