import { exportPath, logHistogram } from '@sightline/contract';
import { Button, Menu } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconChevronDown, IconDownload, IconFilter } from '@tabler/icons-react';
import { useCallback, useMemo, useRef, useState, type ReactNode } from 'react';
import { Histogram } from '../../charts/histogram.tsx';
import { changeText, comparable, weekLater, weekMs } from '../../charts/last-week.ts';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { Drawer } from '../../components/drawer.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { Skeleton, SkeletonRows } from '../../components/skeleton.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { addressOf } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { AlertOnSearch } from '../../search/alert-on-search.tsx';
import { addFilter } from '../../search/query-edit.ts';
import { QueryLine } from '../../search/query-line.tsx';
import { useGo } from '../../shell/go.tsx';
import { useKeys } from '../../shell/keys.ts';
import { ArchiveBar } from './archive-bar.tsx';
import { ColumnsChoice } from './columns-choice.tsx';
import { readColumns } from './columns.ts';
import { FindBar } from '../../components/find-bar.tsx';
import { findLines, stepMatch } from './find-lines.ts';
import { FacetList } from './facet-list.tsx';
import { LogDrawer } from './log-drawer.tsx';
import { LogList } from './log-list.tsx';
import { LogsMode } from './logql/logs-mode.tsx';
import './logs.css';
import { PatternList } from './pattern-list.tsx';
import { Restores } from './restores.tsx';
import { SavedMenu } from './saved-menu.tsx';
import { TailBar } from './tail-bar.tsx';
import { mostTailRows } from './tail-buffer.ts';
import { useLogs } from './use-logs.ts';
import { useTail } from './use-tail.ts';

const ownFields = [
  'severity',
  'service',
  'site',
  'device',
  'environment',
  'release',
  'message',
  'trace',
  'correlation',
  'event',
];
const dayMs = 86_400_000;

/** Search and follow logs. The query, the opened row, the facets and the tail stand in the address. */
export default function LogsPage(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope, setRange } = useScope();
  const go = useGo();
  const q = search['q'] ?? '';
  const openId = search['row'] ?? '';
  const order = search['order'] === 'oldest' ? 'oldest' : 'newest';
  const tailing = search['tail'] === '1';
  const grouping = search['view'] === 'patterns' && !tailing;
  const columnsText = search['columns'];
  const columns = useMemo(() => readColumns(columnsText), [columnsText]);
  const [paused, setPaused] = useState(false);
  const [facetsOpen, setFacetsOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const narrow = useMediaQuery('(max-width: 900px)');
  /** Whether what stands on the page goes on in the archive. */
  const far = search['archive'] === '1' && !tailing;
  const archive = far && !grouping;
  const flag = far ? 'true' : 'false';
  const logs = useLogs(scope, { q, order, archive, when: !tailing && !grouping });
  const histogram = useAsk(
    logHistogram,
    { query: { ...scope, q, buckets: narrow ? 60 : 120, archive: flag } },
    { when: !tailing },
  );
  const comparing = search['compare'] === 'week';
  const canCompare = histogram.data === undefined || comparable(histogram.data.stepMs);
  const before = useAsk(
    logHistogram,
    {
      query: {
        ...scope,
        from: Math.max(0, scope.from - weekMs),
        to: Math.max(0, scope.to - weekMs),
        q,
        buckets: narrow ? 60 : 120,
      },
    },
    { when: comparing && canCompare && !tailing, keepOld: false },
  );
  const lastWeek = useMemo(() => before.data && weekLater(before.data.buckets), [before.data]);
  const [find, setFind] = useState<{ readonly text: string; readonly at: number }>();
  const finding = grouping ? undefined : find;
  // What arrives would move the marked line away: while somebody searches in the lines they stand still.
  const still = paused || find !== undefined;
  const holds = useCallback(() => still || (box.current?.scrollTop ?? 0) > 4, [still]);
  const tail = useTail(tailing, scope, q, holds);
  const rows = tailing ? tail.shown : logs.rows;

  const findText = finding?.text;
  const matches = useMemo(() => findLines(rows, findText ?? '', columns), [rows, findText, columns]);
  const findAt = Math.min(finding?.at ?? 0, matches.length - 1);
  const found = useMemo(() => [(findText ?? '').trim().toLowerCase()].filter((text) => text !== ''), [findText]);
  const words = useMemo(() => [...(tailing ? [] : logs.words), ...found], [tailing, logs.words, found]);

  const setQuery = useCallback((next: string) => setSearch({ q: next, row: '' }, { push: true }), [setSearch]);
  const open = useCallback((id: string) => setSearch({ row: id }, { push: openId === '' }), [setSearch, openId]);
  const filter = (field: string, value: string, out: boolean) => setQuery(addFilter(q, field, value, out));
  const at = rows.findIndex(({ id }) => id === openId);
  const step = (by: number) => {
    const next = rows[at + by];
    if (next !== undefined) setSearch({ row: next.id });
  };
  useKeys([
    ...(grouping
      ? []
      : [{ keys: 'mod+f', title: 'Find in the lines', run: () => setFind({ text: '', at: 0 }), inFields: true }]),
    ...(grouping
      ? []
      : [
          { keys: 'j', title: 'Next line', run: () => step(1) },
          { keys: 'k', title: 'Previous line', run: () => at > 0 && step(-1) },
        ]),
  ]);
  const toggleFind = () => setFind(find === undefined ? { text: '', at: 0 } : undefined);
  const facets = <FacetList scope={scope} q={q} archive={far} onQuery={setQuery} />;

  return (
    <div className="page logs-page">
      <h1 className="only-read-aloud">Logs</h1>
      <div className="page-head">
        <QueryLine
          value={q}
          onSubmit={setQuery}
          label="Search logs"
          placeholder={narrow ? 'Search logs' : 'Words, "phrases", service:payment, -severity:debug, status:>=500'}
          scope={scope}
          fields={ownFields}
          problem={tailing ? (tail.state === 'ended' ? tail.fault : null) : logs.error}
        />
        {narrow && (
          <Button variant="default" leftSection={<IconFilter size={14} />} onClick={() => setFacetsOpen(true)}>
            Fields
          </Button>
        )}
        <Button
          variant={tailing ? 'filled' : 'default'}
          aria-pressed={tailing}
          leftSection={<span className="tail-dot" data-on={tailing && tail.state === 'open' ? '' : undefined} />}
          onClick={() => {
            setPaused(false);
            setFind(undefined);
            setSearch({ tail: tailing ? '' : '1', row: '' }, { push: true });
          }}
        >
          Live tail
        </Button>
        <LogsMode />
        <SavedMenu />
        <AlertOnSearch source="logs" q={q} scope={scope} />
        <ExportMenu query={{ ...scope, q, archive: flag }} />
      </div>
      <div className="logs-split">
        {!narrow && <aside className="logs-facets">{facets}</aside>}
        <div className="logs-main">
          {tailing ? (
            <TailBar
              tail={tail}
              paused={paused}
              finding={finding !== undefined}
              onPause={() => setPaused((now) => !now)}
              onFind={toggleFind}
            />
          ) : (
            <div className="logs-histogram">
              {histogram.data === undefined && histogram.error === null && <Skeleton height={90} />}
              {histogram.error !== null && histogram.data === undefined && logs.error === null && (
                <p className="muted">The histogram could not be drawn. {histogram.error.detail}</p>
              )}
              {histogram.data !== undefined && (
                <Histogram
                  buckets={histogram.data.buckets}
                  stepMs={histogram.data.stepMs}
                  from={scope.from}
                  to={scope.to}
                  label={`${histogram.data.total} log lines over time, by severity`}
                  onRange={setRange}
                  lastWeek={comparing && canCompare ? lastWeek : undefined}
                />
              )}
            </div>
          )}
          {!tailing && <Restores scope={scope} />}
          {!tailing && !(grouping && far) && (
            <ArchiveBar
              scope={scope}
              q={q}
              on={archive}
              order={order}
              logs={logs}
              onSwitch={(on) => setSearch({ archive: on ? '1' : '', row: '' }, { push: true })}
            />
          )}
          {!tailing && (
            <div className="logs-count muted">
              {histogram.data !== undefined && !grouping && (
                <span>
                  {formatCount(histogram.data.total)} lines
                  {histogram.data.reached?.done === false && ' in the part that was counted'}
                  {logs.tookMs > 0 && ` · ${formatDuration(logs.tookMs)}`}
                </span>
              )}
              {comparing && canCompare && histogram.data !== undefined && !grouping && (
                <span role="status">
                  {before.error !== null
                    ? `Last week could not be counted. ${before.error.detail}`
                    : before.data !== undefined && changeText(histogram.data.total, before.data.total)}
                </span>
              )}
              <span className="grow" />
              <button
                type="button"
                className="plain-button"
                aria-pressed={comparing}
                disabled={!canCompare}
                title={canCompare ? undefined : 'The steps of so long a range do not divide a week'}
                onClick={() => setSearch({ compare: comparing ? '' : 'week' })}
              >
                Last week
              </button>
              <button
                type="button"
                className="plain-button"
                aria-pressed={grouping}
                onClick={() => setSearch({ view: grouping ? '' : 'patterns', row: '' }, { push: true })}
              >
                {grouping ? 'Show lines' : 'Show patterns'}
              </button>
              {!grouping && (
                <button
                  type="button"
                  className="plain-button"
                  title="In the lines that are loaded (Ctrl F)"
                  aria-pressed={finding !== undefined}
                  onClick={toggleFind}
                >
                  Find
                </button>
              )}
              {!grouping && <ColumnsChoice columns={columns} onColumns={(next) => setSearch({ columns: next })} />}
              {!grouping && (
                <button
                  type="button"
                  className="plain-button"
                  onClick={() => setSearch({ order: order === 'newest' ? 'oldest' : '' })}
                >
                  {order === 'newest' ? 'Newest first' : 'Oldest first'}
                </button>
              )}
            </div>
          )}
          {tailing && tail.unread > 0 && (
            <button
              type="button"
              className="tail-pill"
              onClick={() => {
                tail.catchUp();
                setPaused(false);
                setFind(undefined);
                box.current?.scrollTo({ top: 0 });
              }}
            >
              {formatCount(tail.unread)} new {tail.unread === 1 ? 'line' : 'lines'}
              {tail.unread > mostTailRows && ` (the newest ${formatCount(mostTailRows)} are held)`}
            </button>
          )}
          {grouping && (
            <PatternList
              scope={scope}
              q={q}
              archive={far}
              onLeaveArchive={() => setSearch({ archive: '' }, { push: true })}
              onQuery={(next) => setSearch({ q: next, view: '', row: '' }, { push: true })}
              onNarrow={setQuery}
            />
          )}
          {!grouping && logs.loading && <SkeletonRows rows={24} height={26} />}
          {!tailing && !grouping && logs.error !== null && logs.error.position === undefined && rows.length === 0 && (
            <ErrorState error={logs.error} kept="Your search stands in the address." again={logs.again} />
          )}
          {!tailing && !grouping && !logs.loading && !logs.goingOn && logs.error === null && rows.length === 0 && (
            <NoLines q={q} clear={() => setQuery('')} send={() => go('/data')} />
          )}
          {tailing && rows.length === 0 && tail.state !== 'ended' && (
            <EmptyState
              compact
              title="Waiting for the next line"
              text="Lines that match are shown here as they arrive."
            />
          )}
          {finding !== undefined && (
            <FindBar
              within="the lines"
              placeholder="Find in the lines loaded"
              text={finding.text}
              matches={matches.length}
              at={findAt}
              none={`in none of ${rows.length} lines loaded`}
              onText={(text) => setFind({ text, at: 0 })}
              onStep={(by) => setFind({ text: finding.text, at: stepMatch(matches.length, findAt, by) })}
              onClose={() => {
                setFind(undefined);
                box.current?.focus();
              }}
            />
          )}
          {!grouping && rows.length > 0 && (
            <LogList
              box={box}
              rows={rows}
              words={words}
              found={found}
              openId={openId}
              onOpen={open}
              withDay={scope.to - scope.from > dayMs}
              more={!tailing && logs.more}
              loadingMore={logs.loadingMore}
              loadMore={logs.loadMore}
              stale={logs.stale && !tailing}
              columns={columns}
              foundIndex={matches[findAt] ?? -1}
              end={tailing ? '' : 'That is all in this time range'}
            />
          )}
        </div>
      </div>
      {narrow && facetsOpen && (
        <Drawer label="Fields" title="Fields" onClose={() => setFacetsOpen(false)}>
          {facets}
        </Drawer>
      )}
      {openId !== '' && (
        <LogDrawer
          key={openId}
          id={openId}
          archive={archive}
          row={rows[at]}
          words={logs.words}
          onClose={() => setSearch({ row: '' })}
          onOpen={open}
          onFilter={filter}
          onNext={at >= 0 && at < rows.length - 1 ? () => step(1) : undefined}
          onPrevious={at > 0 ? () => step(-1) : undefined}
        />
      )}
    </div>
  );
}

function NoLines({ q, clear, send }: { q: string; clear: () => void; send: () => void }): ReactNode {
  if (q !== '') {
    return (
      <EmptyState
        compact
        title="Nothing matches"
        text="No line in this scope and time range fits the search. Widen the range above, or ask for less."
        action={
          <Button variant="default" onClick={clear}>
            Clear the search
          </Button>
        }
      />
    );
  }
  return (
    <EmptyState
      compact
      title="No logs in this time range"
      text="Point an OpenTelemetry, Loki or Sentry client here and its lines appear within two seconds."
      action={<Button onClick={send}>Send data</Button>}
    />
  );
}

function ExportMenu({ query }: { query: Record<string, unknown> }): ReactNode {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={14} />} rightSection={<IconChevronDown size={12} />}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(['csv', 'ndjson'] as const).map((format) => (
          <Menu.Item
            key={format}
            component="a"
            href={addressOf(exportPath, {}, { ...query, format })}
            download={`logs.${format}`}
          >
            {format.toUpperCase()}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
