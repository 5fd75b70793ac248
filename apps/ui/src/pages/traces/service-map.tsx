import { ActionIcon, Button } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { callDetail, mapExamples, serviceMap } from '@sightline/contract';
import { IconMinus, IconPlus } from '@tabler/icons-react';
import { useMemo, useState, type KeyboardEvent, type ReactNode } from 'react';
import { formatCount, formatDuration, formatShare } from '../../charts/number-format.ts';
import { Drawer } from '../../components/drawer.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { NumberCell } from '../../components/number-cell.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { Go, useGo } from '../../shell/go.tsx';
import { ExampleList, type SpanExample } from './example-list.tsx';
import { Failures } from './figures-table.tsx';
import { edgeKey, edgePath, layoutMap, nodeSize } from './map-layout.ts';
import { FigureFacts } from './operations.tsx';

type Answer = Reply<typeof serviceMap>;
type MapNode = Answer['nodes'][number];
type MapEdge = Answer['edges'][number];

const kindWords: Readonly<Record<MapNode['kind'], string>> = {
  service: 'service',
  db: 'database',
  queue: 'queue',
  external: 'external host',
  ai: 'AI provider',
};
/** The same where there is little room. */
const shortWords: Readonly<Record<MapNode['kind'], string>> = {
  service: '',
  db: 'database',
  queue: 'queue',
  external: 'host',
  ai: 'AI',
};
/** From these shares of failures on, a node or an edge carries a state. */
const badFrom = 0.05;
const noticeableFrom = 0.01;

function toneOf(errorRate: number): 'bad' | 'warn' | undefined {
  if (errorRate >= badFrom) return 'bad';
  return errorRate >= noticeableFrom ? 'warn' : undefined;
}

/** Who calls whom, how often and how well, callers to the left. */
export function ServiceMap(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query } = useScope();
  const go = useGo();
  const { data, error, isPending, refetch } = useAsk(serviceMap, { query });
  if (isPending) return <SkeletonRows rows={14} height={32} />;
  if (data === undefined) return error === null ? null : <ErrorState error={error} again={() => void refetch()} />;
  if (data.nodes.length === 0)
    return (
      <EmptyState
        compact
        title="Nothing called anything in this range"
        text="The map draws itself from spans: services that call services, databases, queues and hosts."
        action={<Button onClick={() => go('/data')}>Send data</Button>}
      />
    );
  const opened = data.nodes.find(({ id }) => id === search['node']);
  const edge = data.edges.find((one) => edgeId(one) === search['edge']);
  const openEdge = (one: MapEdge) => setSearch({ edge: edgeId(one), node: '' }, { push: true });
  return (
    <>
      <Picture
        data={data}
        opened={opened?.id}
        open={(id) => setSearch({ node: id, edge: '' }, { push: true })}
        openEdge={openEdge}
      />
      <p className="muted">
        Calls between services are known up to <TimeText at={data.knownToMs} show="time" />; those to databases, queues
        and hosts up to now.{data.truncated && ' There are more than can be drawn: choose a service or a site.'}
      </p>
      <EdgeTable data={data} open={(id) => setSearch({ node: id, edge: '' }, { push: true })} openEdge={openEdge} />
      {edge && (
        <Drawer
          title={`${nameOf(edge.from, data)} → ${nameOf(edge.to, data)}`}
          label={`Calls from ${nameOf(edge.from, data)} to ${nameOf(edge.to, data)}`}
          onClose={() => setSearch({ edge: '' })}
        >
          <EdgeDetail edge={edge} data={data} />
        </Drawer>
      )}
      {opened && (
        <Drawer
          title={opened.name}
          label={`${kindWords[opened.kind]} ${opened.name}`}
          onClose={() => setSearch({ node: '' })}
        >
          <NodeDetail node={opened} data={data} open={(id) => setSearch({ node: id })} openEdge={openEdge} />
        </Drawer>
      )}
    </>
  );
}

const zooms = [0.5, 0.65, 0.78, 0.9, 1, 1.25, 1.6];
const asDrawn = zooms.indexOf(1);
const readable = zooms.indexOf(0.78);

/** Where it begins: as drawn, or as small as it has to be to fit, while that can be read; on a phone so that several columns are in sight. */
function fittingZoom(widthPx: number, roomPx: number): number {
  if (matchMedia('(max-width: 640px)').matches) return 0;
  const fits = zooms.findLastIndex((scale) => widthPx * scale <= roomPx);
  return Math.min(asDrawn, Math.max(readable, fits));
}

function Picture({
  data,
  opened,
  open,
  openEdge,
}: {
  data: Answer;
  opened: string | undefined;
  open: (id: string) => void;
  openEdge: (edge: MapEdge) => void;
}): ReactNode {
  const [chosen, setZoom] = useState<number>();
  const { ref: room, width: roomPx } = useElementSize();
  const layout = useMemo(() => layoutMap(data.nodes, data.edges), [data]);
  const margin = 12;
  const [width, height] = [layout.width + 2 * margin, layout.height + 2 * margin];
  const zoom = chosen ?? fittingZoom(width, roomPx);
  const scale = zooms[zoom] ?? 1;
  const busiest = data.edges.reduce((most, { callsPerMin }) => Math.max(most, callsPerMin), 0);
  const onKeys = (event: KeyboardEvent, id: string): void => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    open(id);
  };
  return (
    <section className="panel map-panel" ref={room}>
      <div className="map-zoom">
        <ActionIcon variant="default" aria-label="Smaller" disabled={zoom === 0} onClick={() => setZoom(zoom - 1)}>
          <IconMinus size={14} />
        </ActionIcon>
        <ActionIcon
          variant="default"
          aria-label="Larger"
          disabled={zoom === zooms.length - 1}
          onClick={() => setZoom(zoom + 1)}
        >
          <IconPlus size={14} />
        </ActionIcon>
      </div>
      <ScrollX label="Service map">
        <svg
          className="service-map"
          width={width * scale}
          height={height * scale}
          viewBox={`${-margin} ${-margin} ${width} ${height}`}
          role="group"
          aria-label={`${data.nodes.length} services and what they call`}
        >
          <defs>
            <marker
              id="map-arrow"
              viewBox="0 0 8 8"
              refX="8"
              refY="4"
              markerWidth="9"
              markerHeight="9"
              markerUnits="userSpaceOnUse"
              orient="auto"
            >
              <path d="M0 0L8 4L0 8z" fill="var(--border-strong)" />
            </marker>
          </defs>
          {data.edges.map((edge) => {
            const [from, to] = [layout.byId.get(edge.from), layout.byId.get(edge.to)];
            if (!from || !to || from === to) return null;
            return (
              <path
                key={`${edge.from} ${edge.to} ${edge.kind}`}
                d={edgePath(from, to, layout.ways.get(edgeKey(edge)))}
                className="map-edge"
                data-tone={toneOf(edge.errorRate)}
                data-kind={edge.kind}
                data-dim={opened !== undefined && edge.from !== opened && edge.to !== opened ? '' : undefined}
                strokeWidth={1 + (busiest > 0 ? (3 * edge.callsPerMin) / busiest : 0)}
                markerEnd="url(#map-arrow)"
                onClick={() => openEdge(edge)}
              >
                <title>{edgeWords(edge, data)}</title>
              </path>
            );
          })}
          {layout.nodes.map(({ node, x, y }) => {
            const tone = toneOf(node.errorRate);
            return (
              <g
                key={node.id}
                className="map-node"
                data-tone={tone}
                data-kind={node.kind}
                data-open={opened === node.id ? '' : undefined}
                transform={`translate(${x} ${y})`}
                role="button"
                tabIndex={0}
                aria-description={nodeWords(node)}
                onClick={() => open(node.id)}
                onKeyDown={(event) => onKeys(event, node.id)}
              >
                <rect width={nodeSize.width} height={nodeSize.height} rx={4} />
                <text x={10} y={18} className="map-name">
                  {shortened(node.name)}
                </text>
                <text x={10} y={34} className="map-figures">
                  {node.kind === 'service' ? '' : `${shortWords[node.kind]} · `}
                  {node.calls === 0
                    ? 'calls others; no call to it'
                    : `${formatCount(node.callsPerMin)}/min · ${formatDuration(node.p95Ms)}`}
                  {tone !== undefined && ` · ▲ ${formatShare(node.errorRate)}`}
                </text>
              </g>
            );
          })}
        </svg>
      </ScrollX>
    </section>
  );
}

const shortened = (name: string): string => (name.length > 22 ? `${name.slice(0, 21)}…` : name);
const nameOf = (id: string, data: Answer): string => data.nodes.find((node) => node.id === id)?.name ?? id;

function nodeWords(node: MapNode): string {
  const named = `${kindWords[node.kind]} ${node.name}`;
  if (node.calls === 0) return `${named}: no call to it is known`;
  return `${named}: ${formatCount(node.callsPerMin)} calls a minute, ${formatShare(node.errorRate)} failed, p95 ${formatDuration(node.p95Ms)}`;
}

function edgeWords(edge: MapEdge, data: Answer): string {
  const lag = edge.kind === 'message' && edge.lagMs > 0 ? `, waits ${formatDuration(edge.lagMs)}` : '';
  return `${nameOf(edge.from, data)} → ${nameOf(edge.to, data)}: ${formatCount(edge.callsPerMin)}/min, ${formatShare(edge.errorRate)} failed, p95 ${formatDuration(edge.p95Ms)}${lag}`;
}

/** The same as a list: for a phone, for those who do not see the picture, and to sort out what is slow. */
function EdgeTable({
  data,
  open,
  openEdge,
}: {
  data: Answer;
  open: (id: string) => void;
  openEdge: (edge: MapEdge) => void;
}): ReactNode {
  const edges = data.edges.toSorted((a, b) => b.totalMs - a.totalMs);
  if (edges.length === 0) return null;
  return (
    <section className="panel">
      <ScrollX label="Table of calls">
        <table className="table stacks figures-table">
          <thead>
            <tr>
              <th>From</th>
              <th>To</th>
              <th className="number">Calls/min</th>
              <th className="number">Errors</th>
              <th className="number">p50</th>
              <th className="number">p95</th>
              <th className="number">Waits</th>
              <th>
                <span className="only-read-aloud">Examples</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {edges.slice(0, mostEdges).map((edge) => (
              <tr key={`${edge.from} ${edge.to} ${edge.kind}`}>
                {[edge.from, edge.to].map((id, end) => (
                  <td key={id} data-title={end === 1 ? '→' : undefined}>
                    <button type="button" className="plain-link operation-name" onClick={() => open(id)}>
                      {nameOf(id, data)}
                    </button>
                  </td>
                ))}
                <NumberCell title="Calls/min">{formatCount(edge.callsPerMin)}</NumberCell>
                <NumberCell title="Errors">
                  <Failures share={edge.errorRate} />
                </NumberCell>
                <NumberCell title="p50">{formatDuration(edge.p50Ms)}</NumberCell>
                <NumberCell title="p95">{formatDuration(edge.p95Ms)}</NumberCell>
                <NumberCell title="Waits">{edge.lagMs > 0 ? formatDuration(edge.lagMs) : '–'}</NumberCell>
                <td>
                  <button
                    type="button"
                    className="plain-link"
                    aria-label={`Examples of ${nameOf(edge.from, data)} to ${nameOf(edge.to, data)}`}
                    onClick={() => openEdge(edge)}
                  >
                    Examples
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      {edges.length > mostEdges && (
        <p className="muted" role="status">
          The {mostEdges} that took the most time; {edges.length - mostEdges} more are drawn above.
        </p>
      )}
    </section>
  );
}

/** One arrow of the map: its figures, and calls to open. */
function EdgeDetail({ edge, data }: { edge: MapEdge; data: Answer }): ReactNode {
  const [from, to] = [splitId(edge.from), splitId(edge.to)];
  return (
    <div className="drawer-parts">
      <FigureFacts figures={edge} />
      {edge.lagMs > 0 && <p className="muted">Waits {formatDuration(edge.lagMs)} on average.</p>}
      <section>
        <h3 className="part-title">Examples</h3>
        {from.kind === 'service' && to.kind === 'service' ? (
          <ServiceExamples caller={nameOf(edge.from, data)} callee={nameOf(edge.to, data)} />
        ) : (
          <CallExamples
            service={from.kind === 'service' ? from.name : to.name}
            to={from.kind === 'service' ? to : from}
          />
        )}
      </section>
    </div>
  );
}

function ServiceExamples({ caller, callee }: { caller: string; callee: string }): ReactNode {
  const { query } = useScope();
  const asked = useAsk(mapExamples, { query: { ...query, service: '', caller, callee } }, { keepOld: false });
  return <Examples {...asked} examples={asked.data?.spans} />;
}

function CallExamples({ service, to }: { service: string; to: ReturnType<typeof splitId> }): ReactNode {
  const { query } = useScope();
  const call = to.kind === 'service' ? 'external' : to.kind;
  const asked = useAsk(callDetail, { query: { ...query, service, call, peer: to.name } }, { keepOld: false });
  return <Examples {...asked} examples={asked.data?.examples} />;
}

function Examples({
  examples,
  error,
  refetch,
}: {
  examples: readonly SpanExample[] | undefined;
  error: Parameters<typeof ErrorState>[0]['error'] | null;
  refetch: () => unknown;
}): ReactNode {
  if (examples !== undefined) return <ExampleList examples={examples} />;
  return error === null ? (
    <SkeletonRows rows={5} height={28} />
  ) : (
    <ErrorState error={error} again={() => void refetch()} />
  );
}

const mostEdges = 100;
const edgeId = ({ from, to, kind }: MapEdge): string => `${from} ${to} ${kind}`;
const splitId = (id: string): { readonly kind: MapNode['kind']; readonly name: string } => ({
  kind: id.slice(0, id.indexOf(':')) as MapNode['kind'],
  name: id.slice(id.indexOf(':') + 1),
});

function NodeDetail({
  node,
  data,
  open,
  openEdge,
}: {
  node: MapNode;
  data: Answer;
  open: (id: string) => void;
  openEdge: (edge: MapEdge) => void;
}): ReactNode {
  const list = (title: string, edges: readonly MapEdge[], other: (edge: MapEdge) => string): ReactNode =>
    edges.length > 0 && (
      <section>
        <h3 className="part-title">{title}</h3>
        <ul className="plain-list">
          {edges.map((edge) => (
            <li key={other(edge) + edge.kind}>
              <button type="button" className="plain-button" onClick={() => open(other(edge))}>
                {nameOf(other(edge), data)}
              </button>{' '}
              {formatCount(edge.callsPerMin)}/min, <Failures share={edge.errorRate} /> failed, p95{' '}
              {formatDuration(edge.p95Ms)}{' '}
              <button type="button" className="plain-link" onClick={() => openEdge(edge)}>
                Examples
              </button>
            </li>
          ))}
        </ul>
      </section>
    );
  return (
    <div className="drawer-parts">
      <p className="muted">{kindWords[node.kind]}</p>
      {node.calls === 0 ? (
        <p className="muted">Only calls of its own are known in this range, no call to it and no entry span.</p>
      ) : (
        <FigureFacts figures={node} />
      )}
      {list(
        'Called by',
        data.edges.filter(({ to }) => to === node.id),
        ({ from }) => from,
      )}
      {list(
        'Calls',
        data.edges.filter(({ from }) => from === node.id),
        ({ to }) => to,
      )}
      {node.kind === 'service' ? (
        <nav className="ways-on" aria-label="Ways on">
          <Go to="/traces" search={{ service: node.name, view: 'operations', node: '' }}>
            Its operations
          </Go>
          <Go to="/traces" search={{ service: node.name, view: '', q: 'status:error', node: '' }}>
            Its failed traces
          </Go>
          <Go to="/traces" search={{ service: node.name, view: 'database', node: '' }}>
            Its queries
          </Go>
          <Go to="/logs" search={{ service: node.name }}>
            Its logs
          </Go>
          <Go to="/errors" search={{ service: node.name }}>
            Its errors
          </Go>
          <Go to="/metrics" search={{ service: node.name }}>
            Its metrics
          </Go>
        </nav>
      ) : (
        <nav className="ways-on" aria-label="Ways on">
          {node.kind === 'db' && (
            <Go to="/traces" search={{ view: 'database', node: '' }}>
              Queries by time
            </Go>
          )}
          {node.kind === 'external' && (
            <Go to="/traces" search={{ view: 'external', node: '' }}>
              Calls to hosts
            </Go>
          )}
          {node.kind === 'queue' && (
            <Go to="/traces" search={{ view: 'queues', node: '' }}>
              Queues
            </Go>
          )}
          {node.kind === 'ai' && (
            <Go to="/traces" search={{ view: 'ai', node: '' }}>
              AI calls
            </Go>
          )}
        </nav>
      )}
    </div>
  );
}
