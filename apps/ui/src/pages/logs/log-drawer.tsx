import { logContext, type LogRow } from '@sightline/contract';
import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { CopyLink } from '../../components/copy-link.tsx';
import { Drawer } from '../../components/drawer.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SeverityTick } from '../../components/severity-tick.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAsk } from '../../data/ask.ts';
import { LitText } from '../../search/lit-text.tsx';
import { ErrorsWay, SiteWay, StoryWay, TraceWay } from '../../records/ways.tsx';
import { Go } from '../../shell/go.tsx';
import { FieldTable } from '../../records/field-table.tsx';
import { arrivalNotes } from '../../records/arrival.ts';
import { logFieldsOf } from '../../records/log-fields.ts';
import { LogLine } from '../../records/log-line.tsx';
import { prettyBody } from '../../records/pretty-body.ts';

interface LogDrawerProps {
  readonly id: string;
  /** The row where the page has it already; otherwise it is fetched. */
  readonly row: LogRow | undefined;
  /** Whether the archive may be read for it. */
  readonly archive?: boolean;
  readonly words: readonly string[];
  readonly onClose: () => void;
  readonly onOpen: (id: string) => void;
  readonly onNext?: (() => void) | undefined;
  readonly onPrevious?: (() => void) | undefined;
  readonly onFilter?: ((field: string, value: string, out: boolean) => void) | undefined;
}

/** One record in full: body, ways on, fields, and the lines before and after it. */
export function LogDrawer(props: LogDrawerProps): ReactNode {
  const [lines, setLines] = useState(10);
  const context = useAsk(
    logContext,
    { params: { id: props.id }, query: { lines, archive: props.archive === true ? 'true' : 'false' } },
    { keepOld: false },
  );
  const row = props.row ?? context.data?.row;
  return (
    <Drawer
      label="Log line"
      title={row === undefined ? 'Log line' : <DrawerTitle row={row} />}
      onClose={props.onClose}
      onNext={props.onNext}
      onPrevious={props.onPrevious}
      actions={<CopyLink what="line" />}
    >
      {row === undefined && context.error !== null && (
        <ErrorState error={context.error} again={() => void context.refetch()} />
      )}
      {row === undefined && context.error === null && <SkeletonRows rows={14} />}
      {row !== undefined && (
        <div className="drawer-parts">
          <Body row={row} words={props.words} />
          {arrivalNotes(row).map((note) => (
            <p key={note} className="muted">
              {note}
            </p>
          ))}
          {row.place === 'archive' && (
            <p className="muted">Read from the archive, where it lies under {utcDay(row.receivedAt)}.</p>
          )}
          {row.place === 'restored' && <p className="muted">Restored from the archive of {utcDay(row.receivedAt)}.</p>}
          <WaysOn row={row} />
          <section>
            <h3 className="part-title">Fields</h3>
            <FieldTable fields={logFieldsOf(row)} onFilter={props.onFilter} />
          </section>
          <section>
            <h3 className="part-title">
              Before and after
              <span className="muted"> same site, device and service</span>
            </h3>
            {context.data === undefined && context.error === null && <SkeletonRows rows={lines} height={26} />}
            {context.error !== null && (
              <p className="muted">The lines around could not be read. {context.error.detail}</p>
            )}
            {context.data !== undefined && (
              <div className="log-context">
                {context.data.before.map((one) => (
                  <LogLine key={one.id} row={one} words={[]} onOpen={props.onOpen} />
                ))}
                <LogLine row={row} words={props.words} onOpen={props.onOpen} active />
                {context.data.after.map((one) => (
                  <LogLine key={one.id} row={one} words={[]} onOpen={props.onOpen} />
                ))}
              </div>
            )}
            <div className="row">
              {lines < 100 && (
                <Button variant="subtle" mt={8} onClick={() => setLines((now) => Math.min(100, now * 3))}>
                  Show more lines
                </Button>
              )}
              <Button
                variant="subtle"
                mt={8}
                component={Go}
                to={`/logs/around/${encodeURIComponent(row.id)}`}
                search={{ row: '', archive: props.archive === true ? '1' : '' }}
              >
                Open as a page
              </Button>
            </div>
          </section>
        </div>
      )}
    </Drawer>
  );
}

/** The day of receipt, as the archive's folders are named. */
const utcDay = (at: number): string => new Date(at).toISOString().slice(0, 10);

function DrawerTitle({ row }: { row: LogRow }): ReactNode {
  return (
    <span className="row">
      <SeverityTick severity={row.severity} />
      <TimeText at={row.at} />
      <span className="muted">{[row.site, row.service].filter((part) => part !== '').join(' · ')}</span>
    </span>
  );
}

function Body({ row, words }: { row: LogRow; words: readonly string[] }): ReactNode {
  const { text } = prettyBody(row.body);
  return (
    <pre className="log-pretty" tabIndex={0} aria-label="Message">
      <LitText text={text || row.eventName || '(empty)'} words={words} />
    </pre>
  );
}

/** Where a record leads: its trace, its story, its site, and errors of the same moment. */
function WaysOn({ row }: { row: LogRow }): ReactNode {
  return (
    <nav className="ways-on" aria-label="Related">
      <TraceWay traceId={row.traceId} spanId={row.spanId} />
      <StoryWay correlationId={row.correlationId} traceId={row.traceId} />
      <SiteWay site={row.site} />
      <ErrorsWay row={row} traceId={row.traceId} />
    </nav>
  );
}
