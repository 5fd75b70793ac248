import { getTrace } from '@sightline/contract';
import { Button, SegmentedControl } from '@mantine/core';
import { useCallback, useMemo, useState, type ReactNode } from 'react';
import { formatNs } from '../../charts/number-format.ts';
import { CopyId } from '../../components/copy-id.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { dayAndTime } from '../../components/time-format.ts';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress, usePathParam } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { Go, useGo } from '../../shell/go.tsx';
import { ProfileOfTrace } from './profiles/profile-links.tsx';
import { CompareWith } from './compare-with.tsx';
import { criticalPath, segmentsBySpan } from './critical-path.ts';
import { diagnoseTrace } from './diagnosis.ts';
import { FlameView } from './flame-view.tsx';
import { SpanDrawer } from './span-drawer.tsx';
import { buildSpanTree } from './span-tree.ts';
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
  const id = usePathParam('id').toLowerCase();
  const go = useGo();
  const valid = /^[0-9a-f]{32}$/.test(id);
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
  const diagnosis = useMemo(() => diagnoseTrace(tree), [tree]);
  const critical = useMemo(() => segmentsBySpan(criticalPath(tree)), [tree]);
  const openId = search['span'] ?? '';
  const shut = useMemo(() => {
    const needed = ancestorsOf(openId, tree);
    return needed.some((one) => collapsed.has(one))
      ? new Set([...collapsed].filter((one) => !needed.includes(one)))
      : collapsed;
  }, [collapsed, openId, tree]);
  const rows = useMemo(() => layoutWaterfall(tree, shut), [tree, shut]);
  const open = useCallback((span: string) => setSearch({ span }, { push: openId === '' }), [setSearch, openId]);
  const toggle = useCallback(
    (span: string) =>
      setCollapsed((old) => {
        const next = new Set(old);
        if (!next.delete(span)) next.add(span);
        return next;
      }),
    [],
  );
  const root = tree.roots[0]?.span;
  const at = rows.findIndex(({ node }) => node.span.spanId === openId);
  const step = (by: number) => {
    const next = rows[at + by]?.node.span.spanId;
    if (next !== undefined) setSearch({ span: next });
  };
  const services = new Set(trace.spans.map(({ service }) => service)).size;
  const correlation = trace.spans.find(({ correlationId }) => correlationId !== '')?.correlationId ?? '';
  const openNode = tree.byId.get(openId);
  const flame = search['as'] === 'flame';
  const zoom = useCallback(
    // The drawer would lie over what was zoomed to.
    (span: string) => setSearch(span === '' ? { zoom: '' } : { zoom: span, span: '' }, { push: true }),
    [setSearch],
  );
  return (
    <div className="page trace-page">
      <header className="trace-head">
        <h1>
          {root?.service} {root?.name}
        </h1>
        {diagnosis !== null && (
          <p className="diagnosis">
            <button type="button" className="plain-link" onClick={() => open(diagnosis.spanId)}>
              {diagnosis.sentence}
            </button>
            {diagnosis.failure !== null && (
              <button type="button" className="plain-link" onClick={() => open(diagnosis.failure?.spanId ?? '')}>
                <ToneBadge tone="bad">{diagnosis.failure.sentence}</ToneBadge>
              </button>
            )}
          </p>
        )}
        <div className="facts-row muted">
          {root !== undefined && <TimeText at={root.at} />}
          <span>{formatNs(tree.durationNs)}</span>
          <span>{trace.spans.length.toLocaleString('en-US')} spans</span>
          <span>{services === 1 ? '1 service' : `${services} services`}</span>
          {root !== undefined && root.site !== '' && (
            <Go to={`/sites/${encodeURIComponent(root.site)}`}>{root.site}</Go>
          )}
          <CopyId id={id} what="Trace id" />
          <Go to={`/story/${encodeURIComponent(correlation || id)}`}>Story</Go>
          <Go to="/logs" search={{ q: `trace:${id}` }}>
            Logs
          </Go>
          <ProfileOfTrace tree={tree} />
          <span className="grow" />
          <CompareWith id={id} root={root} />
          <SegmentedControl
            size="xs"
            aria-label="How to draw the spans"
            value={flame ? 'flame' : 'waterfall'}
            data={[
              { value: 'waterfall', label: 'Waterfall' },
              { value: 'flame', label: 'Flame' },
            ]}
            onChange={(value) => setSearch({ as: value === 'flame' ? 'flame' : '', zoom: '' }, { push: true })}
          />
          {!flame && (
            <>
              <Button variant="default" onClick={() => setCollapsed(new Set())} disabled={collapsed.size === 0}>
                Expand all
              </Button>
              <Button
                variant="default"
                onClick={() =>
                  setCollapsed(
                    new Set(
                      [...tree.byId.values()]
                        .filter((node) => node.children.length > 0 && !tree.roots.includes(node))
                        .map((node) => node.span.spanId),
                    ),
                  )
                }
              >
                Collapse
              </Button>
            </>
          )}
        </div>
        {trace.sampled !== null && (
          <p role="status" className="trace-cut">
            {counted(trace.sampled.spans, 'span', 'spans')} of this trace came before these and{' '}
            {trace.sampled.spans === 1 ? 'was' : 'were'} sampled away by the policy {trace.sampled.policy} at{' '}
            <TimeText at={trace.sampled.at} />.
          </p>
        )}
        {trace.truncated && (
          <p role="status" className="trace-cut">
            The trace is larger than what is shown: further spans were left out.
          </p>
        )}
      </header>
      {flame ? (
        <FlameView tree={tree} openId={openId} zoomId={search['zoom'] ?? ''} onOpen={open} onZoom={zoom} />
      ) : (
        <Waterfall
          tree={tree}
          rows={rows}
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
          onClose={() => setSearch({ span: '' })}
          onNext={at < rows.length - 1 ? () => step(1) : undefined}
          onPrevious={at > 0 ? () => step(-1) : undefined}
        />
      )}
    </div>
  );
}
