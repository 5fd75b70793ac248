import { archiveCost, queryLogql, type LogqlEntry, type LogRow } from '@sightline/contract';
import { Button } from '@mantine/core';
import { IconArchive } from '@tabler/icons-react';
import { useMemo, useRef, type ReactNode } from 'react';
import { formatBytes, formatCount, formatDuration } from '../../../charts/number-format.ts';
import { Drawer } from '../../../components/drawer.tsx';
import { EmptyState } from '../../../components/empty-state.tsx';
import { ErrorState } from '../../../components/error-state.tsx';
import { counted } from '../../../components/number-text.ts';
import { SeverityTick } from '../../../components/severity-tick.tsx';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import { dayAndTime } from '../../../components/time-format.ts';
import { TimeText } from '../../../components/time-text.tsx';
import { useAddress } from '../../../data/address.ts';
import { useAsk } from '../../../data/ask.ts';
import { useScope, type ScopeQuery } from '../../../data/scope.ts';
import { useCompletedIn } from '../../../editor/use-completed-in.ts';
import { SeriesAnswer } from '../../../promql/series-answer.tsx';
import { FieldTable } from '../../../records/field-table.tsx';
import type { LogField } from '../../../records/log-fields.ts';
import { LanguageBox, LanguageExamples } from '../../../search/language-box.tsx';
import { Go } from '../../../shell/go.tsx';
import { useKeys } from '../../../shell/keys.ts';
import { LogList } from '../log-list.tsx';
import { rowsOf, soughtWords, withLabel } from './logql-lines.ts';
import { logqlLanguage } from './logql-offers.ts';
import './logql.css';
import { LogsMode } from './logs-mode.tsx';

/** Lines that are asked for first, and with each press on for more. */
const limits = [500, 2000, 5000] as const;
const dayMs = 86_400_000;
const aroundMs = 60_000;
const examples = [
  '{level="error"}',
  '{service_name=~".+"} |= "declined"',
  '{service_name=~".+"} | json | duration_ms > 500',
  'sum by (service_name) (rate({level="error"}[5m]))',
  'topk(5, sum by (site) (count_over_time({site=~".+"}[1h])))',
];

/** One LogQL query: lines as in the search, or series over time. It stands in the address. */
export default function LogqlPage(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope, setRange, refresh } = useScope();
  const q = search['q'] ?? '';
  const language = useCompletedIn(logqlLanguage, scope);
  const order = search['order'] === 'oldest' ? 'oldest' : 'newest';
  const limit = limits.find((one) => String(one) === search['limit']) ?? limits[0];
  const archive = search['archive'] === '1';
  const asked = useAsk(
    queryLogql,
    { query: { ...scope, q, order, limit, archive: archive ? 'true' : 'false' } },
    { when: q !== '' },
  );
  const run = (next: string): void => {
    if (next === q) {
      refresh();
      void asked.refetch();
    } else setSearch({ q: next, row: '', limit: '' }, { push: true });
  };
  const answer = q === '' || asked.error !== null ? undefined : asked.data;
  const found = answer?.found;
  return (
    <div className="page logs-page">
      <h1 className="only-read-aloud">Logs by LogQL</h1>
      <div className="page-head logql-head">
        <div className="grow">
          <LanguageBox
            label="LogQL"
            language={language}
            placeholder={'{service_name="payment"} |= "declined"'}
            value={q}
            busy={asked.isFetching && answer === undefined}
            problem={asked.error}
            onRun={run}
          />
        </div>
        <LogsMode />
      </div>
      {q === '' && (
        <LanguageExamples
          title="Ask in LogQL"
          text="Labels in braces choose the streams, a pipeline behind them filters and reads the lines; with rate() and the like, a chart over time. Labels, values and stages are offered as you write; Enter runs the query."
          examples={examples}
          onRun={run}
        />
      )}
      {q !== '' && asked.isPending && <SkeletonRows rows={24} height={26} />}
      {asked.error !== null && asked.error.position === undefined && (
        <ErrorState error={asked.error} kept="The query stands in the address." again={() => void asked.refetch()} />
      )}
      {q !== '' && (
        <Archive
          scope={scope}
          on={archive}
          onSwitch={(on) => setSearch({ archive: on ? '1' : '', row: '' }, { push: true })}
        />
      )}
      {answer?.warnings.map((said) => (
        <p key={said} className="logql-said" role="status">
          {said.replace(/^./, (first) => first.toUpperCase())}.
        </p>
      ))}
      {answer !== undefined && found?.kind === 'lines' && (
        <Lines
          entries={found.entries}
          q={q}
          withDay={scope.to - scope.from > dayMs}
          stale={asked.isPlaceholderData}
          onQuery={run}
          count={
            <>
              {counted(found.entries.length, 'line')} · {formatDuration(answer.tookMs)}
              {found.cut &&
                ' · the search ended before its range: a pipeline looks at so many lines at most; a line filter helps'}
            </>
          }
          more={found.more && limit !== limits.at(-1)}
          loadingMore={asked.isFetching}
          loadMore={() => setSearch({ limit: String(limits[limits.indexOf(limit) + 1] ?? limit) })}
        />
      )}
      {answer !== undefined && found?.kind === 'metrics' && (
        <div className="logql-series" data-stale={asked.isPlaceholderData ? '' : undefined}>
          <p className="muted" role="status">
            {formatCount(found.columns.series.length + found.columns.more)} series · every{' '}
            {formatDuration(found.columns.stepMs)} · {formatDuration(answer.tookMs)}
          </p>
          <SeriesAnswer
            data={found.columns}
            query={q}
            from={scope.from}
            to={scope.to}
            stepMs={found.columns.stepMs}
            onRange={setRange}
          />
        </div>
      )}
    </div>
  );
}

/** What of the range lies in the archive: it is read only when somebody says so. */
function Archive({
  scope,
  on,
  onSwitch,
}: {
  scope: ScopeQuery;
  on: boolean;
  onSwitch: (on: boolean) => void;
}): ReactNode {
  const { data: cost } = useAsk(archiveCost, { query: { ...scope, q: '' } });
  if (cost === undefined || !cost.available || cost.files === 0) return null;
  return (
    <section className="archive-bar" aria-label="Archive">
      <IconArchive size={16} aria-hidden />
      <p>
        Lines before {dayAndTime(cost.hotFrom)} lie in the archive: {counted(cost.files, 'file')} of{' '}
        {counted(cost.days, 'day')}, {formatBytes(cost.bytes)}, of which a query reads what it needs.
      </p>
      <Button variant="default" onClick={() => onSwitch(!on)}>
        {on ? 'Leave the archive out' : 'Ask the archive too'}
      </Button>
    </section>
  );
}

function Lines(props: {
  entries: readonly LogqlEntry[];
  q: string;
  withDay: boolean;
  stale: boolean;
  count: ReactNode;
  more: boolean;
  loadingMore: boolean;
  loadMore: () => void;
  onQuery: (query: string) => void;
}): ReactNode {
  const { entries, q, onQuery } = props;
  const { search, setSearch } = useAddress();
  const box = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => rowsOf(entries), [entries]);
  const words = useMemo(() => soughtWords(q), [q]);
  const openId = search['row'] ?? '';
  const at = rows.findIndex(({ id }) => id === openId);
  const open = rows[at];
  const entry = entries[at];
  const order = search['order'] === 'oldest' ? 'oldest' : 'newest';
  const step = (by: number) => {
    const next = rows[at + by];
    if (next !== undefined) setSearch({ row: next.id });
  };
  useKeys([
    { keys: 'j', title: 'Next line', run: () => step(1) },
    { keys: 'k', title: 'Previous line', run: () => at > 0 && step(-1) },
  ]);
  if (rows.length === 0) {
    return (
      <EmptyState
        compact
        title="Nothing matches"
        text="The query is right, but no line in this scope and time range fits it."
      />
    );
  }
  return (
    <div className="logs-main">
      <div className="logs-count muted">
        <span role="status">{props.count}</span>
        <span className="grow" />
        <button
          type="button"
          className="plain-button"
          onClick={() => setSearch({ order: order === 'newest' ? 'oldest' : '', row: '' })}
        >
          {order === 'newest' ? 'Newest first' : 'Oldest first'}
        </button>
      </div>
      <LogList
        box={box}
        rows={rows}
        words={words}
        openId={openId}
        onOpen={(row) => setSearch({ row }, { push: openId === '' })}
        withDay={props.withDay}
        more={props.more}
        loadingMore={props.loadingMore}
        loadMore={props.loadMore}
        stale={props.stale}
        columns={undefined}
        foundIndex={-1}
        end={
          props.more
            ? ''
            : rows.length >= limits[2]
              ? 'These are all that one query lists'
              : 'That is all in this time range'
        }
      />
      {open !== undefined && entry !== undefined && (
        <LineDrawer
          key={openId}
          row={open}
          entry={entry}
          onClose={() => setSearch({ row: '' })}
          onFilter={(label, value, out) => onQuery(withLabel(q, label, value, out))}
          onNext={at < rows.length - 1 ? () => step(1) : undefined}
          onPrevious={at > 0 ? () => step(-1) : undefined}
        />
      )}
    </div>
  );
}

/** One line with its labels by where they come from. */
function LineDrawer(props: {
  row: LogRow;
  entry: LogqlEntry;
  onClose: () => void;
  onFilter: (label: string, value: string, out: boolean) => void;
  onNext: (() => void) | undefined;
  onPrevious: (() => void) | undefined;
}): ReactNode {
  const { row, entry, onFilter } = props;
  const parts = [
    ['Read by the pipeline', entry.parsed],
    ['Of the stream', entry.stream],
    ['Of the record', entry.metadata],
  ] as const;
  return (
    <Drawer
      label="Log line"
      title={
        <>
          <SeverityTick severity={row.severity} /> <TimeText at={row.at} show="time-ms" />
        </>
      }
      onClose={props.onClose}
      onNext={props.onNext}
      onPrevious={props.onPrevious}
    >
      <div className="drawer-parts">
        <pre className="code logql-line">{row.body}</pre>
        <nav className="ways-on" aria-label="Related">
          <Go
            to="/logs"
            search={{
              mode: '',
              q: '',
              row: '',
              service: row.service,
              from: String(Math.floor(row.at) - aroundMs),
              to: String(Math.ceil(row.at) + aroundMs),
              range: '',
            }}
          >
            Lines around
          </Go>
          {row.traceId !== '' && <Go to={`/traces/${row.traceId}`}>Trace</Go>}
          {row.correlationId !== '' && <Go to={`/story/${encodeURIComponent(row.correlationId)}`}>Story</Go>}
        </nav>
        {parts
          .filter(([, labels]) => Object.keys(labels).length > 0)
          .map(([title, labels]) => (
            <section key={title}>
              <h3 className="part-title">{title}</h3>
              <FieldTable fields={fieldsOf(labels)} onFilter={onFilter} />
            </section>
          ))}
      </div>
    </Drawer>
  );
}

const fieldsOf = (labels: Readonly<Record<string, string>>): readonly LogField[] =>
  Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ label, value, search: label, group: 'attributes' }));
