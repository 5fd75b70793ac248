import { useMemo, type ReactNode } from 'react';
import { formatNs } from '../../charts/number-format.ts';
import type { SpanTree } from './span-tree.ts';
import { useTimeDrag } from './time-drag.ts';
import { partByKey, within, type TimePart } from './time-part.ts';
import type { WaterfallRow } from './waterfall-layout.ts';

const tall = 48;
const mostLines = 400;

/**
 * The whole waterfall at a glance: a press goes there, a drag across shows that stretch of time alone. From the keyboard `+` and `-` zoom, arrows move, `0` shows
 * all. Rows beyond what can be seen are thinned, failed ones never.
 */
export function Minimap({
  rows,
  tree,
  colours,
  part,
  onSeek,
  onPart,
}: {
  readonly rows: readonly WaterfallRow[];
  readonly tree: SpanTree;
  readonly colours: ReadonlyMap<string, string>;
  readonly part: TimePart | undefined;
  readonly onSeek: (share: number) => void;
  readonly onPart: (part: TimePart | undefined) => void;
}): ReactNode {
  const total = Math.max(1, tree.durationNs);
  const lines = useMemo(() => {
    const stride = Math.ceil(rows.length / mostLines);
    return rows
      .map((row, index) => ({ row, index }))
      .filter(({ row, index }) => index % stride === 0 || row.node.span.status === 'error')
      .slice(0, mostLines * 2)
      .map(({ row, index }) => (
        <rect
          key={row.node.span.spanId}
          x={(row.node.startNs / total) * 1000}
          width={Math.max(2, ((row.node.endNs - row.node.startNs) / total) * 1000)}
          y={(index / rows.length) * (tall - 4) + 1}
          height={Math.max(1, Math.min(4, (tall - 4) / rows.length - 0.5))}
          fill={
            row.node.span.status === 'error' ? 'var(--bad-fill)' : (colours.get(row.node.span.service) ?? 'var(--idle)')
          }
        />
      ));
  }, [rows, colours, total]);
  const { drag, handlers } = useTimeDrag({
    dragged: (from, to) => onPart(within({ fromNs: from * total, toNs: to * total }, tree.durationNs)),
    pressed: (_, y) => onSeek(y),
  });
  const shown = drag ?? (part && ([part.fromNs / total, part.toNs / total] as const));
  return (
    <div
      className="minimap"
      role="slider"
      tabIndex={0}
      aria-label="Part of the trace that is shown"
      aria-valuemin={0}
      aria-valuemax={Math.round(tree.durationNs)}
      aria-valuenow={Math.round(part?.fromNs ?? 0)}
      aria-valuetext={
        part === undefined
          ? `all of ${formatNs(tree.durationNs)}`
          : `${formatNs(part.fromNs)} to ${formatNs(part.toNs)}`
      }
      title="Drag to zoom; + and - zoom, arrows move, 0 shows all"
      onKeyDown={(event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const next = partByKey(event.key, part, tree.durationNs);
        if (next === undefined) return;
        event.preventDefault();
        onPart(next.part);
      }}
      {...handlers}
    >
      <svg viewBox={`0 0 1000 ${tall}`} preserveAspectRatio="none" aria-hidden="true">
        {lines}
        {shown && (
          <>
            <rect className="minimap-out" x={0} y={0} width={shown[0] * 1000} height={tall} />
            <rect className="minimap-out" x={shown[1] * 1000} y={0} width={(1 - shown[1]) * 1000} height={tall} />
            <rect
              className="minimap-part"
              x={shown[0] * 1000}
              y={0}
              width={(shown[1] - shown[0]) * 1000}
              height={tall}
            />
          </>
        )}
      </svg>
    </div>
  );
}
