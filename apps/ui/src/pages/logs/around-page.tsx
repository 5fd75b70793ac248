import { logContext } from '@sightline/contract';
import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress, usePathParam } from '../../data/address.ts';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import { LogLine } from '../../records/log-line.tsx';
import { writeFilter } from '../../search/query-edit.ts';
import { Go, useGo } from '../../shell/go.tsx';
import { LogDrawer } from './log-drawer.tsx';
import './logs.css';

/** So many on each side at first, and so many more at a time. */
const firstLines = 20;
const moreLines = 50;
/** What a page can hold without a list that draws only what is in sight. */
const mostLines = 1000;

interface Part {
  readonly side: 'both' | 'before' | 'after';
  readonly cursor: string;
}
const first: Part = { side: 'both', cursor: '' };
const noWords: readonly string[] = [];

/** The lines before and after one line from the same source, as far as a person wants to look. */
export default function AroundPage(): ReactNode {
  const id = usePathParam('id');
  const { search, setSearch } = useAddress();
  const go = useGo();
  const archive = search['archive'] === '1' ? 'true' : 'false';
  const asked = useInfiniteQuery({
    queryKey: [logContext.path, 'around', id, archive],
    queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam: Part }) =>
      call(
        logContext,
        { params: { id }, query: { ...pageParam, archive, lines: pageParam.side === 'both' ? firstLines : moreLines } },
        signal,
      ),
    initialPageParam: first,
    getPreviousPageParam: ({ moreBefore }: Reply<typeof logContext>): Part | undefined =>
      moreBefore === '' ? undefined : { side: 'before', cursor: moreBefore },
    getNextPageParam: ({ moreAfter }: Reply<typeof logContext>): Part | undefined =>
      moreAfter === '' ? undefined : { side: 'after', cursor: moreAfter },
  });
  const pages = asked.data?.pages ?? [];
  const row = pages[0]?.row;
  const parts = (asked.data?.pageParams ?? []) as readonly Part[];
  const middle = parts.findIndex((part) => part.side === 'both');
  const before = pages.slice(0, middle + 1).flatMap((page) => page.before);
  const after = pages.slice(middle).flatMap((page) => page.after);
  const all = row === undefined ? [] : [...before, row, ...after];
  const full = all.length >= mostLines;

  const openId = search['row'] ?? '';
  const open = (one: string): void => setSearch({ row: one }, { push: openId === '' });
  const at = all.findIndex((one) => one.id === openId);
  const step = (by: number): void => setSearch({ row: all[at + by]?.id });
  const withDay =
    (all.at(-1)?.at ?? 0) - (all[0]?.at ?? 0) > 43_200_000 ||
    new Date(all[0]?.at ?? 0).getDate() !== new Date(all.at(-1)?.at ?? 0).getDate();
  const error = asked.error as ProblemError | null;

  if (row === undefined) {
    return (
      <div className="page">
        <h1>Lines around</h1>
        {error === null && <SkeletonRows rows={24} height={26} />}
        {error !== null && error.status === 404 && (
          <EmptyState title="No such line" text="It does not exist, or its retention has ended." />
        )}
        {error !== null && error.status !== 404 && <ErrorState error={error} again={() => void asked.refetch()} />}
      </div>
    );
  }
  const source = [row.site, row.device, row.service].filter((part) => part !== '');
  return (
    <div className="page">
      <div className="page-head">
        <h1>
          Lines around <TimeText at={row.at} />
        </h1>
        <span className="grow muted">{source.join(' · ') || 'no site, device or service'}</span>
        <Go
          to="/logs"
          search={{
            q: (['site', 'device', 'service'] as const)
              .filter((name) => row[name] !== '')
              .map((name) => writeFilter(name, row[name], false))
              .join(' '),
            environment: '',
            site: '',
            service: '',
            range: '',
            live: '',
            from: String(Math.floor(all[0]?.at ?? row.at)),
            to: String(Math.floor((all.at(-1)?.at ?? row.at) + 1)),
          }}
        >
          Search these lines
        </Go>
      </div>
      <More
        word="before"
        any={asked.hasPreviousPage}
        full={full}
        loading={asked.isFetchingPreviousPage}
        run={() => void asked.fetchPreviousPage()}
      />
      <div className="log-around">
        {all.map((one, index) => (
          <div key={`${one.id} ${index - before.length}`} ref={index === before.length ? bringIntoSight : undefined}>
            <LogLine row={one} words={noWords} onOpen={open} active={index === before.length} withDay={withDay} />
          </div>
        ))}
      </div>
      <More
        word="after"
        any={asked.hasNextPage}
        full={full}
        loading={asked.isFetchingNextPage}
        run={() => void asked.fetchNextPage()}
      />
      {error !== null && <p className="muted">More lines could not be read. {error.detail}</p>}
      {openId !== '' && (
        <LogDrawer
          archive={archive === 'true'}
          key={openId}
          id={openId}
          row={all[at]}
          words={noWords}
          onClose={() => setSearch({ row: '' })}
          onOpen={open}
          onFilter={(field, value, out) => go('/logs', { q: writeFilter(field, value, out) })}
          onNext={at >= 0 && at < all.length - 1 ? () => step(1) : undefined}
          onPrevious={at > 0 ? () => step(-1) : undefined}
        />
      )}
    </div>
  );
}

/** Called once: when the line that the page is about is drawn. */
const bringIntoSight = (line: HTMLElement | null): void => line?.scrollIntoView({ block: 'center' });

interface MoreProps {
  readonly word: 'before' | 'after';
  readonly any: boolean;
  readonly full: boolean;
  readonly loading: boolean;
  readonly run: () => void;
}

function More({ word, any, full, loading, run }: MoreProps): ReactNode {
  if (!any) return <p className="muted">No more lines {word} within a day</p>;
  if (full) return <p className="muted">There are more lines {word}: open one of these to go on from there</p>;
  return (
    <Button variant="default" loading={loading} onClick={run} style={{ alignSelf: 'start' }}>
      {moreLines} more {word}
    </Button>
  );
}
