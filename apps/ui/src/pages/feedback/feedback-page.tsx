import { listFeedback } from '@sightline/contract';
import { Button, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAddress } from '../../data/address.ts';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { FeedbackEntry } from '../../records/feedback-entry.tsx';
import { useGo } from '../../shell/go.tsx';

/** What people wrote through a program's own form, with what they saw. */
export default function FeedbackPage(): ReactNode {
  const { query } = useScope();
  const { search, setSearch } = useAddress();
  const go = useGo();
  const q = search['q'] ?? '';
  const [text, setText] = useState(q);
  const [written, setWritten] = useState(q);
  if (written !== q) {
    setWritten(q);
    setText(q);
  }
  const asked = useInfiniteQuery({
    queryKey: [listFeedback.path, query, q],
    queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam: string }) =>
      call(listFeedback, { query: { ...query, q, limit: 50, cursor: pageParam } }, signal),
    initialPageParam: '',
    getNextPageParam: (last: Reply<typeof listFeedback>) => (last.next === '' ? undefined : last.next),
    placeholderData: keepPreviousData,
  });
  const error = asked.error as ProblemError | null;
  const rows = asked.data?.pages.flatMap((page) => page.feedback) ?? [];
  return (
    <div className="page">
      <div className="page-head">
        <h1>Feedback</h1>
        <form
          className="grow"
          role="search"
          onSubmit={(event) => {
            event.preventDefault();
            setSearch({ q: text.trim() }, { push: true });
          }}
        >
          <TextInput
            data-page-search
            aria-label="Search feedback"
            placeholder="Words of the message, a name, an address; Enter searches"
            leftSection={<IconSearch size={14} />}
            maxLength={200}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        </form>
      </div>
      {asked.isPending && <SkeletonRows rows={6} height={72} />}
      {asked.data === undefined && error !== null && <ErrorState error={error} again={() => void asked.refetch()} />}
      {asked.data !== undefined &&
        rows.length === 0 &&
        (q === '' ? (
          <EmptyState
            compact
            title="Nobody wrote in this time range"
            text="What people send through the feedback form of a Sentry SDK appears here, with its screenshots."
            action={<Button onClick={() => go('/data')}>Send data</Button>}
          />
        ) : (
          <EmptyState
            compact
            title="No feedback has these words"
            text="All words must stand in one message, its name, its address or its page."
            action={
              <Button variant="default" onClick={() => setSearch({ q: '' })}>
                Show all
              </Button>
            }
          />
        ))}
      <ol className="feedback-list" data-stale={asked.isPlaceholderData ? '' : undefined}>
        {rows.map((row) => (
          <FeedbackEntry key={`${row.eventId} ${row.at}`} row={row} />
        ))}
      </ol>
      {asked.hasNextPage && (
        <Button variant="default" loading={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
          Load more
        </Button>
      )}
    </div>
  );
}
