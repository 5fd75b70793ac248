import type { ErrorRow, LogRow, Span, traceBeside } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatNs, formatShare, formatValue } from '../../charts/number-format.ts';
import { CopyId } from '../../components/copy-id.tsx';
import { Drawer } from '../../components/drawer.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import type { Reply } from '../../data/call.ts';
import { Go, useGo } from '../../shell/go.tsx';
import { FieldTable } from '../../records/field-table.tsx';
import { freeFields } from '../../records/log-fields.ts';
import { LogLine } from '../../records/log-line.tsx';
import { replayIn } from '../../records/replay-of.ts';
import { ProfileOfSpan } from './profiles/profile-links.tsx';
import type { CriticalSegment } from './critical-path.ts';
import { operationMetrics } from './operation-metrics.ts';
import type { SpanNode, SpanTree } from './span-tree.ts';
import { selfTimeNs, untracedIn } from './waterfall-layout.ts';

interface SpanDrawerProps {
  readonly node: SpanNode;
  readonly tree: SpanTree;
  readonly logs: readonly LogRow[];
  readonly errors: readonly ErrorRow[];
  readonly segments: readonly CriticalSegment[];
  /** Replays and measurements that name the trace, once they are known. */
  readonly beside: Reply<typeof traceBeside> | undefined;
  readonly onClose: () => void;
  readonly onNext?: (() => void) | undefined;
  readonly onPrevious?: (() => void) | undefined;
}

const aroundMs = 60_000;

/** One span: its time, its errors, its logs, its attributes and events, and where it leads. */
export function SpanDrawer(props: SpanDrawerProps): ReactNode {
  const { node, tree } = props;
  const { span } = node;
  const go = useGo();
  const errors = props.errors.filter(({ spanId }) => spanId === span.spanId);
  const logs = props.logs.filter(({ spanId }) => spanId === span.spanId);
  const untraced = untracedIn(node, tree);
  const replay = replayIn(span.attributes) || (props.beside?.replays[0]?.replay ?? '');
  const metrics = operationMetrics(span);
  const criticalNs = props.segments.reduce((sum, { fromNs, toNs }) => sum + toNs - fromNs, 0);
  return (
    <Drawer
      label={`Span ${span.name}`}
      title={
        <>
          <span className="muted">{span.service}</span> {span.name}
        </>
      }
      onClose={props.onClose}
      onNext={props.onNext}
      onPrevious={props.onPrevious}
    >
      <div className="drawer-parts">
        <dl className="facts">
          <Fact name="Duration" value={formatNs(span.durationNs)} />
          <Fact name="Own time" value={formatNs(selfTimeNs(node))} />
          <Fact
            name="On the critical path"
            value={
              criticalNs === 0
                ? 'no'
                : `${formatNs(criticalNs)}, ${formatShare(criticalNs / Math.max(1, tree.durationNs))}`
            }
          />
          <Fact name="Starts at" value={`+${formatNs(node.startNs)}`} />
          <Fact name="Kind" value={span.kind} />
          {node.orphan && <Fact name="Parent" value={`${span.parentId}, not here`} />}
          {span.scopeName !== '' && <Fact name="Instrumentation" value={span.scopeName} />}
          <Fact name="Site" value={[span.site, span.device].filter((part) => part !== '').join(' · ') || '–'} />
        </dl>
        {span.status === 'error' && <ToneBadge tone="bad">{span.statusMessage || 'failed'}</ToneBadge>}
        <nav className="ways-on" aria-label="Related">
          <Go to="/logs" search={{ q: `span:${span.spanId}` }}>
            Logs of the span
          </Go>
          <Go to="/logs" search={logsAround(span)}>
            Logs of {span.service || 'the service'} around
          </Go>
          <Go
            to="/traces"
            search={{ q: `name:"${span.name.replaceAll(/["\\]/g, '\\$&')}"`, service: span.service, sort: 'slowest' }}
          >
            Slowest of this operation
          </Go>
          <Go
            to="/traces"
            search={{ view: 'operations', all: '1', service: span.service, operation: `${span.service} ${span.name}` }}
          >
            Figures of this operation
          </Go>
          <Go to="/metrics" search={metrics.search}>
            Metrics of {metrics.exact ? 'this operation' : span.service || 'all services'}
          </Go>
          {replay !== '' && (
            <Go to={`/replays/${replay}`} search={{ t: String(Math.round(span.at)) }}>
              Replay
            </Go>
          )}
          <ProfileOfSpan span={span} tree={tree} />
          {span.site !== '' && <Go to={`/sites/${encodeURIComponent(span.site)}`}>{span.site}</Go>}
          <CopyId id={span.spanId} what="Span id" length={16} />
        </nav>
        {untraced.length > 0 && (
          <section>
            <h3 className="part-title">Untraced</h3>
            <p className="muted">No span below ran: its own work, or calls that are not traced.</p>
            <ul className="untraced-list">
              {untraced.map(([from, to]) => (
                <li key={from}>
                  {formatNs(to - from)}, {formatShare((to - from) / Math.max(1, node.endNs - node.startNs))} of the
                  span, from +{formatNs(from)}
                </li>
              ))}
            </ul>
          </section>
        )}
        {errors.length > 0 && (
          <section>
            <h3 className="part-title">Errors</h3>
            {errors.map((error) => (
              <p key={error.eventId}>
                <Go to={`/errors/${error.issue}`} search={{ event: error.eventId }}>
                  <span data-tone="bad" className="toned">
                    ◆
                  </span>{' '}
                  {error.type}: {error.message}
                </Go>
              </p>
            ))}
          </section>
        )}
        {logs.length > 0 && (
          <section>
            <h3 className="part-title">Logs</h3>
            <div className="log-context">
              {logs.map((log) => (
                <LogLine
                  key={log.id}
                  row={log}
                  words={[]}
                  onOpen={(row) => go('/logs', { q: `trace:${span.traceId}`, row })}
                />
              ))}
            </div>
          </section>
        )}
        <Exemplars span={span} beside={props.beside} />
        <Events span={span} />
        <section>
          <h3 className="part-title">Attributes</h3>
          <FieldTable
            fields={[
              ...freeFields(span.attributes, 'attributes', '@'),
              ...freeFields(span.resource, 'resource', 'res.'),
            ]}
            onFilter={(field, value, out) =>
              go('/traces', { q: `${out ? '-' : ''}${field}:"${value.replaceAll(/["\\]/g, '\\$&')}"` })
            }
          />
        </section>
        {span.links.length > 0 && (
          <section>
            <h3 className="part-title">Links</h3>
            {span.links.map((link) => (
              <p key={link.spanId}>
                <Go to={`/traces/${link.traceId}`} search={{ span: link.spanId }}>
                  Trace {link.traceId.slice(0, 8)}…
                </Go>
              </p>
            ))}
          </section>
        )}
      </div>
    </Drawer>
  );
}

/** Measurements of metrics that name the span, or its trace alone. */
function Exemplars({ span, beside }: { span: Span; beside: SpanDrawerProps['beside'] }): ReactNode {
  const found = (beside?.exemplars ?? []).filter(({ spanId }) => spanId === '' || spanId === span.spanId);
  if (found.length === 0) return null;
  return (
    <section>
      <h3 className="part-title">Measured by</h3>
      <ul className="untraced-list">
        {found.map(({ metric, at, value, spanId }) => (
          <li key={`${metric}${at}${spanId}`}>
            <Go to="/metrics" search={{ metric, range: '', from: String(at - 900_000), to: String(at + 900_000) }}>
              {metric}
            </Go>{' '}
            {value === null ? '' : formatValue(value, '')} <TimeText at={at} show="time-ms" />
            {spanId === '' && <span className="muted"> names the trace, no span</span>}
          </li>
        ))}
      </ul>
      {beside?.cut === true && (
        <p className="muted">More measurements name this trace; the first hundred are looked at.</p>
      )}
    </section>
  );
}

function Events({ span }: { span: Span }): ReactNode {
  if (span.events.length === 0) return null;
  return (
    <section>
      <h3 className="part-title">Events</h3>
      {span.events.map((event) => (
        <details key={`${event.tsNs}${event.name}`} className="fold" open={saysFailure(event)}>
          <summary>
            <TimeText at={event.at} show="time-ms" /> {event.name} <span className="muted">{inBrief(event)}</span>
          </summary>
          <FieldTable fields={freeFields(event.attributes, 'attributes', '@')} />
        </details>
      ))}
    </section>
  );
}

/** Exceptions as OpenTelemetry records them, and errors as clients of OpenTracing log them. */
const saysFailure = ({ name }: Pick<Span['events'][number], 'name'>): boolean =>
  name === 'exception' || name === 'error';

/** What an event says in one line: the exception's type and message, else its first attributes. */
function inBrief({ name, attributes }: Span['events'][number]): string {
  if (name === 'exception') {
    return [attributes['exception.type'], attributes['exception.message']].filter(Boolean).join(': ').slice(0, 120);
  }
  const pairs = Object.entries(attributes).slice(0, 3);
  return pairs
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
    .slice(0, 120);
}

function Fact({ name, value }: { name: string; value: string }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function logsAround(span: Span): Record<string, string> {
  const end = span.at + span.durationNs / 1e6;
  return {
    site: span.site,
    service: span.service,
    range: '',
    from: String(Math.floor(span.at - aroundMs)),
    to: String(Math.ceil(end + aroundMs)),
  };
}
