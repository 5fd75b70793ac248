import { IconAlertHexagon, IconBuildingStore, IconRoute, IconTimeline } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Go } from '../shell/go.tsx';

/** Where a record leads: links for the row `ways-on` of a drawer. What a record does not know leads nowhere. */
export function TraceWay({ traceId, spanId }: { readonly traceId: string; readonly spanId?: string }): ReactNode {
  return (
    traceId !== '' && (
      <Go to={`/traces/${traceId}`} {...(spanId === undefined ? {} : { search: { span: spanId } })}>
        <IconRoute size={14} aria-hidden /> Trace
      </Go>
    )
  );
}

/** The story is told by the id that systems share; without one, by the trace. */
export function StoryWay(props: { readonly correlationId: string; readonly traceId: string }): ReactNode {
  const id = props.correlationId || props.traceId;
  return (
    id !== '' && (
      <Go to={`/story/${encodeURIComponent(id)}`}>
        <IconTimeline size={14} aria-hidden /> Story
      </Go>
    )
  );
}

export function SiteWay({ site }: { readonly site: string }): ReactNode {
  return (
    site !== '' && (
      <Go to={`/sites/${encodeURIComponent(site)}`}>
        <IconBuildingStore size={14} aria-hidden /> {site}
      </Go>
    )
  );
}

const aroundMs = 300_000;

/** Errors of the same place, five minutes before and after; with a trace, its own alone. */
export function ErrorsWay(props: {
  readonly row: { readonly at: number; readonly site: string; readonly service: string };
  readonly traceId?: string;
}): ReactNode {
  const { row, traceId = '' } = props;
  return (
    <Go
      to="/errors"
      search={{
        site: row.site,
        service: row.service,
        range: '',
        from: String(Math.round(row.at - aroundMs)),
        to: String(Math.round(row.at + aroundMs)),
        q: traceId === '' ? '' : `trace:${traceId}`,
      }}
    >
      <IconAlertHexagon size={14} aria-hidden /> Errors {traceId === '' ? 'around this moment' : 'of this trace'}
    </Go>
  );
}
