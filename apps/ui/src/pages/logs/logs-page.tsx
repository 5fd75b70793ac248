import { exportPath } from '@sightline/contract';
import { Button } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconFilter } from '@tabler/icons-react';
import { useCallback, useMemo, useRef, useState, type ReactNode } from 'react';
import { Drawer } from '../../components/drawer.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { ExportMenu } from '../../components/export-menu.tsx';
import { FindBar } from '../../components/find-bar.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { addressOf } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { AlertOnSearch } from '../../search/alert-on-search.tsx';
import { addFilter } from '../../search/query-edit.ts';
import { QueryLine } from '../../search/query-line.tsx';
import { useGo } from '../../shell/go.tsx';
import { useKeys } from '../../shell/keys.ts';
import { ArchiveBar } from './archive-bar.tsx';
import { FacetList } from './facet-list.tsx';
import { LogDrawer } from './log-drawer.tsx';
import { LogList } from './log-list.tsx';
import { LogsMode } from './logql/logs-mode.tsx';
import { LogsCount } from './logs-count.tsx';
import { useVolume, VolumeChart } from './logs-volume.tsx';
import './logs.css';
import { NoLines } from './no-lines.tsx';
import { PatternList } from './pattern-list.tsx';
import { Restores } from './restores.tsx';
import { SavedMenu } from './saved-menu.tsx';
import { TailBar } from './tail-bar.tsx';
import { TailPill } from './tail-pill.tsx';
import { useFind, useMatches } from './use-find.ts';
import { useLogs, type LogPages } from './use-logs.ts';
import { useLogsAddress } from './use-logs-address.ts';
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
  const address = useLogsAddress();
  const { q, openId, order, tailing, grouping, far, columns, setSearch, setQuery, open } = address;
  const { query: scope, setRange } = useScope();
  const [paused, setPaused] = useState(false);
  const [facetsOpen, setFacetsOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const narrow = useMediaQuery('(max-width: 900px)');
  const archive = far && !grouping;
  const logs = useLogs(scope, { q, order, archive, when: !tailing && !grouping });
  const { comparing } = address;
  const volume = useVolume(scope, { q, archive: far, comparing, buckets: narrow ? 60 : 120, when: !tailing });
  const find = useFind();
  const finding = grouping ? undefined : find.asked;
  // What arrives would move the marked line away: while somebody searches in the lines they stand still.
  const still = paused || find.asked !== undefined;
  const holds = useCallback(() => still || (box.current?.scrollTop ?? 0) > 4, [still]);
  const tail = useTail(tailing, scope, q, holds);
  const rows = tailing ? tail.shown : logs.rows;
  const found = useMatches(finding, rows, columns);
  const words = useMemo(() => [...(tailing ? [] : logs.words), ...found.words], [tailing, logs.words, found.words]);

  const at = rows.findIndex(({ id }) => id === openId);
  const step = (by: number): void => {
    const next = rows[at + by];
    if (next !== undefined) setSearch({ row: next.id });
  };
  useKeys(
    grouping
      ? []
      : [
          { keys: 'mod+f', title: 'Find in the lines', run: find.begin, inFields: true },
          { keys: 'j', title: 'Next line', run: () => step(1) },
          { keys: 'k', title: 'Previous line', run: () => at > 0 && step(-1) },
        ],
  );
  const goOn = (): void => {
    setPaused(false);
    find.end();
  };
  const files = (['csv', 'ndjson'] as const).map((format) => ({
    label: format.toUpperCase(),
    href: addressOf(exportPath, {}, { ...scope, q, archive: far ? 'true' : 'false', format }),
  }));
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
            goOn();
            setSearch({ tail: tailing ? '' : '1', row: '' }, { push: true });
          }}
        >
          Live tail
        </Button>
        <LogsMode />
        <SavedMenu />
        <AlertOnSearch source="logs" q={q} scope={scope} />
        <ExportMenu files={files} />
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
              onFind={find.toggle}
            />
          ) : (
            <>
              <VolumeChart volume={volume} scope={scope} quiet={logs.error !== null} onRange={setRange} />
              <Restores scope={scope} />
              {!(grouping && far) && (
                <ArchiveBar
                  scope={scope}
                  q={q}
                  on={archive}
                  order={order}
                  logs={logs}
                  onSwitch={(on) => setSearch({ archive: on ? '1' : '', row: '' }, { push: true })}
                />
              )}
              <LogsCount address={address} volume={volume} tookMs={logs.tookMs} find={find} />
            </>
          )}
          {tailing && (
            <TailPill
              unread={tail.unread}
              onCatchUp={() => {
                tail.catchUp();
                goOn();
                box.current?.scrollTo({ top: 0 });
              }}
            />
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
          {!tailing && !grouping && rows.length === 0 && (
            <InsteadOfLines logs={logs} q={q} onClear={() => setQuery('')} />
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
              matches={found.matches.length}
              at={found.at}
              none={`in none of ${rows.length} lines loaded`}
              onText={(text) => find.look({ text, at: 0 })}
              onStep={(by) => find.look(found.stepped(by))}
              onClose={() => {
                find.end();
                box.current?.focus();
              }}
            />
          )}
          {!grouping && rows.length > 0 && (
            <LogList
              box={box}
              rows={rows}
              words={words}
              found={found.words}
              openId={openId}
              onOpen={open}
              withDay={scope.to - scope.from > dayMs}
              more={!tailing && logs.more}
              loadingMore={logs.loadingMore}
              loadMore={logs.loadMore}
              stale={logs.stale && !tailing}
              columns={columns}
              foundIndex={found.matches[found.at] ?? -1}
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
          onFilter={(field, value, out) => setQuery(addFilter(q, field, value, out))}
          onNext={at >= 0 && at < rows.length - 1 ? () => step(1) : undefined}
          onPrevious={at > 0 ? () => step(-1) : undefined}
        />
      )}
    </div>
  );
}

/** Why there are no lines. A fault that has a place in the search stands below that. */
function InsteadOfLines({
  logs: { error, loading, goingOn, again },
  q,
  onClear,
}: {
  readonly logs: LogPages;
  readonly q: string;
  readonly onClear: () => void;
}): ReactNode {
  const go = useGo();
  if (error !== null)
    return error.position === undefined ? (
      <ErrorState error={error} kept="Your search stands in the address." again={again} />
    ) : null;
  return loading || goingOn ? null : <NoLines q={q} clear={onClear} send={() => go('/data')} />;
}
