import type { ReactNode } from 'react';
import { formatNs } from '../../charts/number-format.ts';
import { Drawer } from '../../components/drawer.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { Go, useGo } from '../../shell/go.tsx';
import { addFilter } from '../../search/query-edit.ts';
import { FieldTable } from '../../records/field-table.tsx';
import { freeFields, logFieldsOf, type LogField } from '../../records/log-fields.ts';
import { prettyBody } from '../../records/pretty-body.ts';
import { entrySentence } from './entry-sentence.ts';
import { subjectOf, type StoryEntry } from './lane-layout.ts';

/** One entry of a story in full, and where it leads. */
export function StoryDrawer(props: {
  readonly entry: StoryEntry;
  readonly onClose: () => void;
  readonly onNext?: (() => void) | undefined;
  readonly onPrevious?: (() => void) | undefined;
}): ReactNode {
  const { entry } = props;
  const go = useGo();
  const { service, site } = subjectOf(entry);
  const page = entry.kind === 'span' ? '/traces' : entry.kind === 'log' ? '/logs' : '/errors';
  return (
    <Drawer
      label={`${service}: ${entry.kind}`}
      title={
        <>
          <span className="muted">{service}</span> {entry.kind} <TimeText at={entry.at} show="time-ms" />
        </>
      }
      onClose={props.onClose}
      onNext={props.onNext}
      onPrevious={props.onPrevious}
    >
      <div className="drawer-parts">
        <pre className="log-pretty" tabIndex={0}>
          {entry.kind === 'log' ? prettyBody(entry.log.body).text : entrySentence(entry)}
        </pre>
        <nav className="ways-on" aria-label="Related">
          <EntryLinks entry={entry} />
          {site !== '' && <Go to={`/sites/${encodeURIComponent(site)}`}>{site}</Go>}
        </nav>
        <FieldTable
          fields={fieldsOf(entry)}
          onFilter={(field, value, out) => go(page, { q: addFilter('', field, value, out) })}
        />
      </div>
    </Drawer>
  );
}

function EntryLinks({ entry }: { entry: StoryEntry }): ReactNode {
  const { traceId } = subjectOf(entry);
  const spanId =
    entry.kind === 'span' ? entry.span.spanId : entry.kind === 'log' ? entry.log.spanId : entry.error.spanId;
  return (
    <>
      {traceId !== '' && (
        <Go to={`/traces/${traceId}`} search={{ span: spanId }}>
          Trace
        </Go>
      )}
      {entry.kind === 'log' && (
        <Go to="/logs" search={{ row: entry.log.id, q: traceId === '' ? '' : `trace:${traceId}` }}>
          Line in the logs
        </Go>
      )}
      {entry.kind === 'error' && (
        <Go to={`/errors/${entry.error.issue}`} search={{ event: entry.error.eventId }}>
          Issue
        </Go>
      )}
    </>
  );
}

function fieldsOf(entry: StoryEntry): readonly LogField[] {
  if (entry.kind === 'log') return logFieldsOf(entry.log);
  const named = (values: Record<string, string>): LogField[] =>
    Object.entries(values)
      .filter(([, value]) => value !== '')
      .map(([label, value]) => ({ label, value, search: label, group: 'record' }));
  if (entry.kind === 'error') {
    const { type, culprit, severity, site, device, service, environment, release } = entry.error;
    return named({ type, culprit, severity, site, device, service, environment, release, trace: entry.error.traceId });
  }
  const { span } = entry;
  return [
    { label: 'duration', value: formatNs(span.durationNs), search: '', group: 'record' },
    ...named({
      name: span.name,
      kind: span.kind,
      status: span.status,
      site: span.site,
      device: span.device,
      service: span.service,
      release: span.release,
    }),
    ...freeFields(span.attributes, 'attributes', '@'),
    ...freeFields(span.resource, 'resource', 'res.'),
  ];
}
