import { Button } from '@mantine/core';
import { memo, useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { formatNs } from '../../charts/number-format.ts';
import { useKeys } from '../../shell/keys.ts';
import { FlameField, useFlameField } from './flame-field.tsx';
import { drawRow, layoutFlame, type DrawnBar, type Flame, type FlameBar } from './flame-layout.ts';
import { serviceColours } from './service-colours.ts';
import type { SpanTree } from './span-tree.ts';
import { layoutWaterfall } from './waterfall-layout.ts';

interface FlameViewProps {
  readonly tree: SpanTree;
  readonly openId: string;
  /** Id of the span whose part of the trace is shown; '' for all. */
  readonly zoomId: string;
  readonly onOpen: (spanId: string) => void;
  readonly onZoom: (spanId: string) => void;
}

/** A second press within this time makes it a zoom instead of an opening. */
const doublePressMs = 220;

/**
 * Spans as bars under their parents; only rows in sight are drawn. Arrow keys move (up to the parent, down to the first
 * child), Enter opens, `z` or a double press zooms, Escape or `0` shows the whole trace again.
 */
export function FlameView({ tree, openId, zoomId, onOpen, onZoom }: FlameViewProps): ReactNode {
  const flame = useMemo(() => layoutFlame(tree, zoomId), [tree, zoomId]);
  // In the order of the waterfall, so that a service keeps its colour from one view to the other.
  const colours = useMemo(
    () => serviceColours(layoutWaterfall(tree, new Set()).map(({ node }) => node.span.service)),
    [tree],
  );
  const [chosenId, setChosen] = useState(openId);
  const first = flame.rows[0]?.[0];
  const chosen = flame.byId.get(chosenId) ?? first;
  const zoomed = tree.byId.get(zoomId);
  const field = useFlameField(flame.rows.length);
  const { list } = field;
  const openRow = flame.byId.get(openId)?.row ?? -1;
  useEffect(() => {
    if (openRow >= 0) list.scrollToIndex(openRow, { align: 'auto' });
  }, [openRow, list]);
  const zoomOut = () => onZoom('');
  const zoomIn = () => {
    if (chosen !== undefined) onZoom(chosen.node.span.spanId);
  };
  useKeys([
    { keys: 'z', title: 'Zoom to the span', run: zoomIn },
    { keys: '0', title: 'Show the whole trace', run: zoomOut },
  ]);
  // An open drawer closes first: while there is one, Escape is its own.
  const escapes = zoomed !== undefined && openId === '';
  const press = usePresses({
    once: useCallback(
      (id: string) => {
        setChosen(id);
        onOpen(id);
      },
      [onOpen],
    ),
    twice: useCallback(
      (id: string) => {
        setChosen(id);
        onZoom(id);
      },
      [onZoom],
    ),
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const target = chosen === undefined ? undefined : neighbour(flame, chosen, event.key);
    if (target === undefined) return;
    event.preventDefault();
    const { spanId } = target.node.span;
    setChosen(spanId);
    field.focus(target.row, `[data-span="${CSS.escape(spanId)}"]`);
  };
  return (
    <div className="flame">
      {escapes && <EscapeKey run={zoomOut} />}
      <div className="flame-bar-line">
        <span className="flame-where" role="status">
          {zoomed === undefined ? 'Whole trace' : `${zoomed.span.service} ${zoomed.span.name}`}
          <span className="muted"> {formatNs(flame.endNs - flame.startNs)}</span>
        </span>
        <Button
          size="xs"
          variant="default"
          onClick={zoomIn}
          disabled={chosen === undefined || chosen.node.span.spanId === zoomId || chosen.node.children.length === 0}
          title={chosen === undefined ? undefined : `Zoom to ${chosen.node.span.name} (z)`}
        >
          Zoom in
        </Button>
        <Button size="xs" variant="default" onClick={zoomOut} disabled={zoomed === undefined} title="Whole trace (0)">
          Zoom out
        </Button>
      </div>
      <FlameField
        of={field}
        label={`${flame.byId.size} spans as a flame graph`}
        scale={(share) => formatNs(flame.startNs + (flame.endNs - flame.startNs) * share)}
        onKeyDown={onKeyDown}
        renderRow={(index, top, width) => (
          <FlameRow
            key={index}
            top={top}
            bars={flame.rows[index] ?? []}
            width={width}
            colours={colours}
            chosenId={chosen?.row === index ? chosen.node.span.spanId : ''}
            openId={openRow === index ? openId : ''}
            press={press}
          />
        )}
      />
    </div>
  );
}

function EscapeKey({ run }: { run: () => void }): ReactNode {
  useKeys([{ keys: 'Escape', title: 'Show the whole trace', run }]);
  return null;
}

/** Presses on a span: one opens it, two in a row zoom to it. From the keyboard there is no second to wait for. */
function usePresses(does: {
  once: (id: string) => void;
  twice: (id: string) => void;
}): (id: string, n: number) => void {
  const { once, twice } = does;
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(waiting.current), []);
  return useCallback(
    (id, n) => {
      clearTimeout(waiting.current);
      if (n === 0) once(id);
      else if (n === 1) waiting.current = setTimeout(() => once(id), doublePressMs);
      else if (n === 2) twice(id);
    },
    [once, twice],
  );
}

/** Where an arrow key leads from a bar; undefined for other keys, and where there is nothing. */
function neighbour(flame: Flame, from: FlameBar, key: string): FlameBar | undefined {
  if (key === 'ArrowUp') return from.parent;
  if (key === 'ArrowDown') {
    const child = from.node.children[0];
    return child === undefined ? undefined : flame.byId.get(child.span.spanId);
  }
  const by = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
  const row = flame.rows[from.row] ?? [];
  return by === 0 ? undefined : row[row.indexOf(from) + by];
}

interface FlameRowProps {
  readonly bars: readonly FlameBar[];
  readonly top: number;
  readonly width: number;
  readonly colours: ReadonlyMap<string, string>;
  /** The one that the keyboard reaches, and the one whose drawer is open; '' when not in this row. */
  readonly chosenId: string;
  readonly openId: string;
  readonly press: (spanId: string, presses: number) => void;
}

const FlameRow = memo(function FlameRow(props: FlameRowProps): ReactNode {
  const { bars, top, width, chosenId, openId, press } = props;
  const drawn = useMemo(() => drawRow(bars, width, chosenId), [bars, width, chosenId]);
  return (
    <div className="flame-row" role="presentation" style={{ transform: `translateY(${top}px)` }}>
      {drawn.map((one) => {
        const { node, depth } = one.bar;
        const { spanId, service } = node.span;
        return (
          <div
            key={spanId}
            className="flame-span"
            role="treeitem"
            aria-level={depth + 1}
            aria-selected={spanId === openId}
            aria-label={spoken(one)}
            title={spoken(one)}
            tabIndex={spanId === chosenId ? 0 : -1}
            data-span={spanId}
            data-failed={one.failed ? '' : undefined}
            data-narrow={one.widthPx < 10 ? '' : undefined}
            style={
              {
                left: one.leftPx,
                width: one.widthPx,
                '--bar': props.colours.get(service) ?? 'var(--series-1)',
              } as object
            }
            onClick={(event) => press(spanId, event.detail)}
            onKeyDown={(event) => {
              if (event.key === 'Enter') press(spanId, 0);
            }}
          >
            {one.widthPx >= 36 && label(one)}
          </div>
        );
      })}
    </div>
  );
});

function label({ bar, widthPx, failed }: DrawnBar): ReactNode {
  const { span } = bar.node;
  return (
    <>
      {failed && '▲ '}
      {widthPx >= 160 && <b>{span.service} </b>}
      {span.name}
      {widthPx >= 240 && <span className="flame-took"> {formatNs(span.durationNs)}</span>}
    </>
  );
}

function spoken({ bar, bars, failed }: DrawnBar): string {
  const { service, name, durationNs } = bar.node.span;
  if (bars > 1) {
    return `${bars} short spans${failed ? ', some failed' : ''}; the longest: ${service} ${name}, ${formatNs(durationNs)}`;
  }
  return `${service} ${name}, ${formatNs(durationNs)}${failed ? ', failed' : ''}`;
}
