import type { ErrorRow, LogRow } from '@sightline/contract';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useMemo, useRef, type KeyboardEvent, type ReactNode } from 'react';
import '../../charts/charts.css';
import { formatNs } from '../../charts/number-format.ts';
import { severityTone } from '../../components/severity-tick.tsx';
import type { CriticalSegment } from './critical-path.ts';
import { Minimap } from './minimap.tsx';
import { serviceColours } from './service-colours.ts';
import type { SpanTree } from './span-tree.ts';
import './traces.css';
import { useTimeDrag } from './time-drag.ts';
import { within, type TimePart } from './time-part.ts';
import { placeOf, tookPlace, untracedIn, type WaterfallRow } from './waterfall-layout.ts';

interface WaterfallProps {
  readonly tree: SpanTree;
  /** All lines that are not folded away; those outside of `part` are left out here. */
  readonly rows: readonly WaterfallRow[];
  /** The stretch of time that is shown; undefined for all. */
  readonly part: TimePart | undefined;
  readonly onPart: (part: TimePart | undefined) => void;
  /** Spans that were found, and the one of them that a person is at; '' for none. */
  readonly found: ReadonlySet<string>;
  readonly markedId: string;
  readonly critical: ReadonlyMap<string, readonly CriticalSegment[]>;
  readonly logs: readonly LogRow[];
  readonly errors: readonly ErrorRow[];
  readonly openId: string;
  readonly onOpen: (spanId: string) => void;
  readonly onToggle: (spanId: string) => void;
}

const rowPx = 26;
const deepest = 24;
const noSegments: readonly CriticalSegment[] = [];
const noMarks: readonly SpanMark[] = [];

/** Something said within a span: a log line as a tick, an error as a diamond, an event of the span as a ring. */
interface SpanMark {
  readonly at: number;
  readonly kind: 'log' | 'error' | 'event';
  readonly tone: string;
  readonly title: string;
}

/** Spans under each other on one time line; only rows in sight are drawn. Arrow keys move, fold and unfold; Enter opens. */
export function Waterfall(props: WaterfallProps): ReactNode {
  const { tree, part, openId, markedId, onPart, onOpen, onToggle } = props;
  const rows = useMemo(
    () =>
      part === undefined
        ? props.rows
        : props.rows.filter(({ node }) => node.startNs < part.toNs && node.endNs >= part.fromNs),
    [props.rows, part],
  );
  const box = useRef<HTMLDivElement>(null);
  // oxlint-disable-next-line react/incompatible-library
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    overscan: 16,
  });
  const marks = useMemo(() => marksBySpan(tree, props.logs, props.errors), [tree, props.logs, props.errors]);
  // Of all lines: a service keeps its colour in each part of the trace.
  const colours = useMemo(() => serviceColours(props.rows.map(({ node }) => node.span.service)), [props.rows]);
  const openIndex = rows.findIndex(({ node }) => node.span.spanId === openId);
  useEffect(() => {
    if (openIndex >= 0) list.scrollToIndex(openIndex, { align: 'auto' });
  }, [openIndex, list]);
  const markedIndex = rows.findIndex(({ node }) => node.span.spanId === markedId);
  useEffect(() => {
    if (markedIndex >= 0) list.scrollToIndex(markedIndex, { align: 'center' });
  }, [markedIndex, list]);
  const fromNs = part?.fromNs ?? 0;
  const longNs = (part?.toNs ?? tree.durationNs) - fromNs;
  const { drag, handlers } = useTimeDrag({
    dragged: (from, to) =>
      onPart(within({ fromNs: fromNs + from * longNs, toNs: fromNs + to * longNs }, tree.durationNs)),
  });
  const seek = (share: number) => {
    const wanted = Math.floor(share * (props.rows.length - 1));
    const ids = new Set(props.rows.slice(wanted).map(({ node }) => node.span.spanId));
    const target = rows.findIndex(({ node }) => ids.has(node.span.spanId));
    list.scrollToIndex(target < 0 ? rows.length - 1 : target, { align: 'center' });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const focused = Number((document.activeElement as HTMLElement | null)?.dataset['index'] ?? -1);
    const row = rows[focused];
    if (row === undefined) return;
    const move = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const fold = (event.key === 'ArrowLeft' && !row.collapsed) || (event.key === 'ArrowRight' && row.collapsed);
    if (move === 0 && !(fold && row.node.children.length > 0)) return;
    event.preventDefault();
    if (move === 0) onToggle(row.node.span.spanId);
    else {
      const target = Math.max(0, Math.min(rows.length - 1, focused + move));
      list.scrollToIndex(target, { align: 'auto' });
      requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${target}"]`)?.focus());
    }
  };
  return (
    <div className="waterfall">
      <Minimap rows={props.rows} tree={tree} colours={colours} part={part} onSeek={seek} onPart={onPart} />
      <div className="waterfall-axis" aria-hidden="true">
        <span className="waterfall-axis-name">Service and operation</span>
        <span className="axis-ticks" {...handlers}>
          {[0, 0.25, 0.5, 0.75, 1].map((share) => (
            <span key={share}>{formatNs(fromNs + longNs * share)}</span>
          ))}
          {drag && (
            <span className="axis-drag" style={{ left: `${drag[0] * 100}%`, width: `${(drag[1] - drag[0]) * 100}%` }} />
          )}
        </span>
      </div>
      {rows.length === 0 && <p className="muted waterfall-none">No span ran in this part of the trace.</p>}
      <div ref={box} className="waterfall-box" role="tree" aria-label={`${rows.length} spans`} onKeyDown={onKeyDown}>
        <div style={{ height: list.getTotalSize(), position: 'relative' }}>
          {list.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            const { spanId } = row.node.span;
            return (
              <div key={spanId} className="waterfall-slot" style={{ transform: `translateY(${item.start}px)` }}>
                <SpanRow
                  row={row}
                  index={item.index}
                  tree={tree}
                  fromNs={fromNs}
                  longNs={longNs}
                  colour={colours.get(row.node.span.service) ?? 'var(--series-1)'}
                  segments={props.critical.get(spanId) ?? noSegments}
                  marks={marks.get(spanId) ?? noMarks}
                  open={spanId === openId}
                  found={spanId === markedId ? 'marked' : props.found.has(spanId) ? 'found' : undefined}
                  first={item.index === (openIndex >= 0 ? openIndex : 0)}
                  onOpen={onOpen}
                  onToggle={onToggle}
                />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

interface SpanRowProps {
  readonly row: WaterfallRow;
  readonly index: number;
  readonly tree: SpanTree;
  /** What the track shows: from here, for so long. */
  readonly fromNs: number;
  readonly longNs: number;
  readonly colour: string;
  readonly segments: readonly CriticalSegment[];
  readonly marks: readonly SpanMark[];
  readonly open: boolean;
  readonly found: 'marked' | 'found' | undefined;
  readonly first: boolean;
  readonly onOpen: (spanId: string) => void;
  readonly onToggle: (spanId: string) => void;
}

const SpanRow = memo(function SpanRow(props: SpanRowProps): ReactNode {
  const { row, index, tree, fromNs, longNs, colour, segments, marks, onOpen, onToggle } = props;
  const { node, depth } = row;
  const { span } = node;
  const place = (ns: number) => (longNs > 0 ? Math.max(0, Math.min(100, ((ns - fromNs) / longNs) * 100)) : 0);
  const left = Math.min(99.85, place(node.startNs));
  const width = Math.max(0.15, place(node.endNs) - left);
  const inside = (from: number, to: number) => to > fromNs && from < fromNs + longNs;
  const untraced = useMemo(() => untracedIn(node, tree), [node, tree]);
  const took = tookPlace(
    { left, width },
    marks.map(({ at }) => place(at * tree.durationNs)),
  );
  const failed = span.status === 'error';
  const leaf = node.children.length === 0;
  return (
    <div
      className="span-row"
      role="treeitem"
      aria-level={depth + 1}
      aria-selected={props.open}
      aria-expanded={leaf ? undefined : !row.collapsed}
      tabIndex={props.first ? 0 : -1}
      data-index={index}
      data-found={props.found}
      onClick={() => onOpen(span.spanId)}
      onKeyDown={(event) => event.key === 'Enter' && onOpen(span.spanId)}
    >
      <span className="span-name" style={{ paddingLeft: Math.min(depth, deepest) * 12 }}>
        {leaf ? (
          <span className="span-fold" />
        ) : (
          <button
            type="button"
            className="span-fold"
            tabIndex={-1}
            aria-label={row.collapsed ? `Expand ${node.below} spans` : 'Collapse'}
            onClick={(event) => {
              event.stopPropagation();
              onToggle(span.spanId);
            }}
          >
            {row.collapsed ? '▸' : '▾'}
          </button>
        )}
        <span className="swatch" style={{ background: colour }} />
        <b>{span.service}</b>
        <span className="span-operation">{span.name}</span>
        {node.orphan && (
          <span className="chip" title={`Its parent ${span.parentId} is not here: it did not arrive, or was not kept`}>
            no parent
          </span>
        )}
        {row.collapsed && <span className="chip">+{node.below}</span>}
        {(failed || (row.collapsed && node.failed)) && (
          <span data-tone="bad" className="toned" title={span.statusMessage || 'failed'}>
            ▲<span className="only-read-aloud">failed</span>
          </span>
        )}
      </span>
      <span className="span-track">
        <span
          className="span-bar"
          data-failed={failed ? '' : undefined}
          style={{ left: `${left}%`, width: `${width}%`, '--bar': colour } as object}
        />
        {untraced
          .filter(([from, to]) => inside(from, to))
          .map(([from, to]) => (
            <span
              key={from}
              className="span-untraced"
              title={`Untraced: ${formatNs(to - from)} in which no span below ran`}
              style={{ left: `${place(from)}%`, width: `${place(to) - place(from)}%` }}
            />
          ))}
        {segments
          .filter((segment) => inside(segment.fromNs, segment.toNs))
          .map((segment) => (
            <span
              key={segment.fromNs}
              className="span-critical"
              style={{
                left: `${place(segment.fromNs)}%`,
                width: `${Math.max(0.1, place(segment.toNs) - place(segment.fromNs))}%`,
              }}
            />
          ))}
        {marks.map((mark, position) => {
          const at = mark.at * tree.durationNs;
          return at < fromNs || at > fromNs + longNs ? null : (
            <span
              key={position}
              className={`span-${mark.kind}`}
              data-tone={mark.tone}
              title={mark.title}
              style={{ left: `${place(at)}%` }}
            />
          );
        })}
        <span className="span-took" data-inside={took.inside ? '' : undefined} style={took.style}>
          {formatNs(span.durationNs)}
        </span>
      </span>
    </div>
  );
});

/** Of each kind in each span. */
const mostMarks = 60;

function marksBySpan(
  tree: SpanTree,
  logs: readonly LogRow[],
  errors: readonly ErrorRow[],
): ReadonlyMap<string, readonly SpanMark[]> {
  const bySpan = new Map<string, SpanMark[]>();
  const add = (spanId: string, tsNs: string, mark: Omit<SpanMark, 'at'>) => {
    const at = placeOf(tsNs, tree);
    const owner = tree.byId.has(spanId) ? spanId : (tree.roots[0]?.span.spanId ?? '');
    if (at === undefined) return;
    const list = bySpan.get(owner) ?? [];
    if (list.filter(({ kind }) => kind === mark.kind).length < mostMarks) list.push({ ...mark, at });
    bySpan.set(owner, list);
  };
  for (const log of logs) {
    add(log.spanId, log.tsNs, {
      kind: 'log',
      tone: severityTone(log.severity),
      title: `${log.severity || 'log'}: ${log.body.slice(0, 200)}`,
    });
  }
  for (const error of errors) {
    add(error.spanId, error.tsNs, {
      kind: 'error',
      tone: 'bad',
      title: `${error.type}: ${error.message}`.slice(0, 200),
    });
  }
  for (const { span } of tree.byId.values()) {
    for (const { tsNs, name, attributes } of span.events.slice(0, mostMarks)) {
      const what = [attributes['exception.type'], attributes['exception.message']].filter(Boolean).join(': ');
      add(span.spanId, tsNs, {
        kind: 'event',
        tone: name === 'exception' || name === 'error' ? 'bad' : 'none',
        title: `${name}${what === '' ? '' : ` ${what}`}`.slice(0, 200),
      });
    }
  }
  return bySpan;
}
