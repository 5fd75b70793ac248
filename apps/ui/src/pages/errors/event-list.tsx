import { listIssueEvents } from '@sightline/contract';
import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { CopyId } from '../../components/copy-id.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import './errors.css';

/** The events of an issue that match the search, newest first, read when somebody asks for them. A press shows the event. */
export function EventList({ issue, shown }: { issue: string; shown: string }): ReactNode {
  const { search, setSearch } = useAddress();
  const q = search['q'] ?? '';
  const [open, setOpen] = useState(q !== '');
  const [searched, setSearched] = useState(q);
  if (searched !== q) {
    setSearched(q);
    if (q !== '') setOpen(true);
  }
  const asked = useInfiniteQuery({
    queryKey: [listIssueEvents.path, issue, q],
    queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam: string }) =>
      call(listIssueEvents, { params: { issue }, query: { q, limit: 50, cursor: pageParam } }, signal),
    initialPageParam: '',
    getNextPageParam: (last: Reply<typeof listIssueEvents>) => (last.next === '' ? undefined : last.next),
    enabled: open,
  });
  const events = asked.data?.pages.flatMap((page) => page.events) ?? [];
  return (
    <details className="fold" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{q === '' ? 'All events' : 'Events that match'}</summary>
      {open && asked.isPending && <SkeletonRows rows={6} />}
      {asked.error !== null && (asked.error as ProblemError).position === undefined && (
        <p role="alert">The events could not be read: {asked.error.message}</p>
      )}
      {open && asked.isSuccess && events.length === 0 && (
        <p className="muted">{q === '' ? 'None is kept.' : 'No event of this issue matches the search.'}</p>
      )}
      {events.length > 0 && (
        <div className="event-list" role="region" aria-label="Events of this issue" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Event</th>
                <th scope="col">Site</th>
                <th scope="col">Terminal</th>
                <th scope="col">Release</th>
                <th scope="col">Message</th>
                <th scope="col" aria-label="Compare" />
              </tr>
            </thead>
            <tbody>
              {events.map((event) => (
                <tr key={event.eventId} aria-current={event.eventId === shown ? 'true' : undefined}>
                  <td>
                    <button
                      type="button"
                      className="link"
                      onClick={() => {
                        setSearch({ event: event.eventId }, { push: true });
                        toTop();
                      }}
                    >
                      <TimeText at={event.at} />
                    </button>
                  </td>
                  <td>
                    <CopyId id={event.eventId} what="Event id" />
                  </td>
                  <td>{event.site || '–'}</td>
                  <td>{event.device || '–'}</td>
                  <td>{event.release || '–'}</td>
                  <td className="cut">{event.message}</td>
                  <td>
                    {event.eventId !== shown && (
                      <button
                        type="button"
                        className="link"
                        onClick={() => {
                          setSearch({ event: shown, compare: event.eventId }, { push: true });
                          toTop();
                        }}
                      >
                        Compare
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {asked.hasNextPage && (
        <Button variant="default" loading={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
          Load more
        </Button>
      )}
    </details>
  );
}

/** The event is drawn above the list. */
const toTop = (): void => document.getElementById('content')?.scrollTo({ top: 0 });
