import { getTrace, traceBeside } from '@sightline/contract';
import { Button } from '@mantine/core';
import { useCallback, useMemo, useState, type ReactNode } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { FindBar } from '../../components/find-bar.tsx';
import { counted } from '../../components/number-text.ts';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { dayAndTime } from '../../components/time-format.ts';
import { toggledIn } from '../../components/toggled-in.ts';
import { useAddress, usePathParam } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { readTraceId } from '../../records/trace-id.ts';
import { useGo } from '../../shell/go.tsx';
import { useKeys } from '../../shell/keys.ts';
import { criticalPath, segmentsBySpan } from './critical-path.ts';
import { findSpans } from './find-spans.ts';
import { FlameView } from './flame-view.tsx';
import { SpanDrawer } from './span-drawer.tsx';
import { buildSpanTree, type SpanTree } from './span-tree.ts';
import { readPart, within, writePart, type TimePart } from './time-part.ts';
import { TraceHead } from './trace-head.tsx';
import { TraceTools } from './trace-tools.tsx';
import './traces.css';
import { Waterfall } from './waterfall.tsx';
import { ancestorsOf, layoutWaterfall } from './waterfall-layout.ts';

/** Clients send spans in batches: a trace younger than this may get more, and is asked for again. */
const growsForMs = 45_000;
const askAgainMs = 4000;

const mayGrow = (trace: Reply<typeof getTrace> | undefined): boolean =>
  trace?.spans.some(({ at, durationNs }) => Date.now() - at - durationNs / 1e6 < growsForMs) ?? false;

/** One trace: what it spent its time on, its spans as a waterfall, and everything that was said within them. */
export default function TracePage(): ReactNode {
  const asId = usePathParam('id');
  const known = readTraceId(asId);
  const id = known ?? asId;
  const go = useGo();
  const valid = known !== undefined;
  const asked = useAsk(
    getTrace,
    { params: { id } },
    { keepOld: false, when: valid, everyMs: (trace) => (mayGrow(trace) ? askAgainMs : false) },
  );
  if (valid && asked.data === undefined && asked.error === null) {
    return (
      <div className="page" aria-busy="true">
        <SkeletonRows rows={20} />
      </div>
    );
  }
  if (asked.data === undefined || asked.data.spans.length === 0) {
    const sampled = asked.data?.sampled ?? null;
    const broken = asked.error !== null && asked.error.status !== 404;
    return (
      <div className="page">
        {broken && asked.error !== null ? (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        ) : (
          <EmptyState
            title={sampled === null ? 'No spans of this trace are here' : 'This trace was sampled away'}
            text={
              sampled === null
                ? `Trace ${id}: it is older than what is kept, or has not arrived yet. Its logs may still be known.`
                : `Trace ${id}: ${counted(sampled.spans, 'span was', 'spans were')} let go by the policy ${sampled.policy} at ${dayAndTime(sampled.at)}. Rates, errors and durations count them; its logs may still be known.`
            }
            action={<Button onClick={() => go('/logs', { q: `trace:${id}`, range: '24h' })}>Search its logs</Button>}
          />
        )}
      </div>
    );
  }
  return <TraceView key={id} id={id} trace={asked.data} />;
}

function TraceView({ id, trace }: { id: string; trace: Reply<typeof getTrace> }): ReactNode {
  const { search, setSearch } = useAddress();
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const tree = useMemo(() => buildSpanTree(trace.spans), [trace.spans]);
  const critical = useMemo(() => segmentsBySpan(criticalPath(tree)), [tree]);
  const openId = search['span'] ?? '';
  const flame = search['as'] === 'flame';
  const part = useMemo(() => readPart(search['part'] ?? '', tree.durationNs), [search, tree.durationNs]);
  const [find, setFind] = useState<{ readonly text: string; readonly at: number } | undefined>(
    search['find'] === undefined ? undefined : { text: search['find'], at: 0 },
  );
  const found = useSpansFound(tree, flame ? '' : (find?.text ?? ''));
  const foundAt = Math.min(find?.at ?? 0, found.ids.length - 1);
  const [orphanAt, setOrphanAt] = useState(-1);
  const orphans = useMemo(() => tree.roots.filter(({ orphan }) => orphan), [tree]);
  const markedId = found.ids[foundAt] ?? orphans[orphanAt]?.span.spanId ?? '';
  const shut = useMemo(() => {
    const needed = [...ancestorsOf(openId, tree), ...ancestorsOf(markedId, tree)];
    return needed.some((one) => collapsed.has(one))
      ? new Set([...collapsed].filter((one) => !needed.includes(one)))
      : collapsed;
  }, [collapsed, openId, markedId, tree]);
  const rows = useMemo(() => layoutWaterfall(tree, shut), [tree, shut]);
  const open = useCallback((span: string) => setSearch({ span }, { push: openId === '' }), [setSearch, openId]);
  const toggle = useCallback((span: string) => setCollapsed((old) => toggledIn(old, span)), []);
  const beganMs = Number(tree.originNs / 1_000_000n);
  const beside = useAsk(traceBeside, {
    params: { id },
    query: { from: beganMs, to: Math.ceil(beganMs + tree.durationNs / 1e6) },
  });
  const at = rows.findIndex(({ node }) => node.span.spanId === openId);
  const step = (by: number) => {
    const next = rows[at + by]?.node.span.spanId;
    if (next !== undefined) setSearch({ span: next });
  };
  const openNode = tree.byId.get(openId);
  const zoom = useCallback(
    // The drawer would lie over what was zoomed to.
    (span: string) => setSearch(span === '' ? { zoom: '' } : { zoom: span, span: '' }, { push: true }),
    [setSearch],
  );
  const setPart = useCallback(
    (next: TimePart | undefined) => setSearch({ part: writePart(next) }, { push: part === undefined }),
    [setSearch, part],
  );
  /** Shows all of the trace again where a span lies outside of the part that is shown. */
  const reach = (spanId: string | undefined) => {
    const node = tree.byId.get(spanId ?? '');
    const outside = node !== undefined && part !== undefined && (node.startNs >= part.toNs || node.endNs < part.fromNs);
    return outside ? { part: '' } : {};
  };
  const openFind = () => setFind((old) => old ?? { text: '', at: 0 });
  const stepFound = (by: 1 | -1) => {
    if (find === undefined || found.ids.length === 0) return;
    // The first step goes to the first that was found; it is marked already where it lay in sight.
    const next = (foundAt + by + found.ids.length) % found.ids.length;
    setFind({ ...find, at: next });
    const id = found.ids[next];
    setSearch({ find: find.text, ...reach(id), ...(openId === '' || id === undefined ? {} : { span: id }) });
  };
  const nextOrphan = (): void => {
    const next = (orphanAt + 1) % orphans.length;
    setFind(undefined);
    setOrphanAt(next);
    setSearch({ find: '', ...reach(orphans[next]?.span.spanId) });
  };
  const zoomToOpen = () => {
    const node = tree.byId.get(openId === '' ? markedId : openId);
    if (node !== undefined) setPart(within({ fromNs: node.startNs, toNs: node.endNs }, tree.durationNs));
  };
  useKeys(
    flame
      ? []
      : [
          { keys: '/', title: 'Find in the trace', run: openFind },
          { keys: 'mod+f', title: 'Find in the trace', run: openFind, inFields: true },
          { keys: 'n', title: 'Next span that was found', run: () => stepFound(1) },
          { keys: 'p', title: 'Span that was found before', run: () => stepFound(-1) },
          { keys: 'z', title: 'Zoom to the span', run: zoomToOpen },
          { keys: '0', title: 'Show the whole trace', run: () => setPart(undefined) },
        ],
  );
  return (
    <div className="page trace-page">
      <TraceHead
        id={id}
        trace={trace}
        tree={tree}
        beside={beside.data}
        onOpen={open}
        onNextOrphan={nextOrphan}
        tools={
          <TraceTools
            flame={flame}
            onFlame={(next) => setSearch({ as: next ? 'flame' : '', zoom: '', part: '' }, { push: true })}
            onWhole={part && (() => setPart(undefined))}
            onFind={openFind}
            onExpand={collapsed.size === 0 ? undefined : () => setCollapsed(new Set())}
            onCollapse={() => setCollapsed(collapsible(tree))}
          />
        }
      />
      {!flame && find !== undefined && (
        <FindBar
          within="the trace"
          placeholder="Name, attribute, event or id"
          text={find.text}
          matches={found.ids.length}
          at={foundAt}
          none={`in none of ${counted(tree.byId.size, 'span', 'spans')}`}
          onText={(text) => setFind({ text, at: 0 })}
          onStep={stepFound}
          onClose={() => {
            setFind(undefined);
            setSearch({ find: '' });
          }}
        />
      )}
      {flame ? (
        <FlameView tree={tree} openId={openId} zoomId={search['zoom'] ?? ''} onOpen={open} onZoom={zoom} />
      ) : (
        <Waterfall
          tree={tree}
          rows={rows}
          part={part}
          onPart={setPart}
          found={found.set}
          markedId={markedId}
          critical={critical}
          logs={trace.logs}
          errors={trace.errors}
          openId={openId}
          onOpen={open}
          onToggle={toggle}
        />
      )}
      {openNode !== undefined && (
        <SpanDrawer
          key={openId}
          node={openNode}
          tree={tree}
          logs={trace.logs}
          errors={trace.errors}
          segments={critical.get(openId) ?? []}
          beside={beside.data}
          onClose={() => setSearch({ span: '' })}
          onNext={at < rows.length - 1 ? () => step(1) : undefined}
          onPrevious={at > 0 ? () => step(-1) : undefined}
        />
      )}
    </div>
  );
}

/** Every span that has others below it, but for the roots. */
const collapsible = (tree: SpanTree): ReadonlySet<string> =>
  new Set(
    [...tree.byId.values()]
      .filter((node) => node.children.length > 0 && !tree.roots.includes(node))
      .map((node) => node.span.spanId),
  );

/** Ids of the spans that hold the text, from the top of the waterfall down. */
function useSpansFound(
  tree: SpanTree,
  text: string,
): { readonly ids: readonly string[]; readonly set: ReadonlySet<string> } {
  const spans = useMemo(() => layoutWaterfall(tree, new Set()).map(({ node }) => node.span), [tree]);
  return useMemo(() => {
    const ids = findSpans(spans, text);
    return { ids, set: new Set(ids) };
  }, [spans, text]);
}
