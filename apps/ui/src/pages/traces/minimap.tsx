import { useMemo, type ReactNode } from 'react';
import type { SpanTree } from './span-tree.ts';
import type { WaterfallRow } from './waterfall-layout.ts';

const tall = 48;
const mostLines = 400;

/** The whole waterfall at a glance; a press goes there. Rows beyond what can be seen are thinned, failed ones never. */
export function Minimap({
  rows,
  tree,
  colours,
  onSeek,
}: {
  readonly rows: readonly WaterfallRow[];
  readonly tree: SpanTree;
  readonly colours: ReadonlyMap<string, string>;
  readonly onSeek: (share: number) => void;
}): ReactNode {
  const lines = useMemo(() => {
    const stride = Math.ceil(rows.length / mostLines);
    return rows
      .map((row, index) => ({ row, index }))
      .filter(({ row, index }) => index % stride === 0 || row.node.span.status === 'error')
      .slice(0, mostLines * 2);
  }, [rows]);
  const total = Math.max(1, tree.durationNs);
  return (
    <svg
      className="minimap"
      viewBox={`0 0 1000 ${tall}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      onClick={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        onSeek(Math.max(0, Math.min(1, (event.clientY - box.top) / box.height)));
      }}
    >
      {lines.map(({ row, index }) => (
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
      ))}
    </svg>
  );
}
