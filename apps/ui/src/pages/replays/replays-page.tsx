import { listReplays, type ReplayRow } from '@sightline/contract';
import { Button, Select, TextInput } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, type FormEvent, type ReactNode } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { Go, useGo } from '../../shell/go.tsx';
import './replays.css';
import { clockText, pathOf } from './words.ts';

const errorChoices = [
  { value: 'any', label: 'With or without errors' },
  { value: 'with', label: 'With errors' },
  { value: 'without', label: 'Without errors' },
] as const;
const clickChoices = [
  { value: 'any', label: 'Any clicks' },
  { value: 'rage', label: 'With rage clicks' },
  { value: 'dead', label: 'With dead clicks' },
] as const;
const lengths = [
  { value: '0', label: 'Any length' },
  { value: '5', label: '5 s or longer' },
  { value: '60', label: '1 min or longer' },
  { value: '600', label: '10 min or longer' },
];

/** Recorded sessions, newest first. */
export default function ReplaysPage(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope } = useScope();
  const go = useGo();
  const user = search['user'] ?? '';
  const url = search['url'] ?? '';
  const errors = errorChoices.find(({ value }) => value === search['errors'])?.value ?? 'any';
  const clicks = clickChoices.find(({ value }) => value === search['clicks'])?.value ?? 'any';
  const atLeast = lengths.find(({ value }) => value === search['length'])?.value ?? '0';
  const asked = useInfiniteQuery({
    queryKey: [listReplays.path, 'pages', scope, user, url, errors, clicks, atLeast],
    queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam: string }) =>
      call(
        listReplays,
        { query: { ...scope, user, url, errors, clicks, atLeastS: Number(atLeast), limit: 50, cursor: pageParam } },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (last: Reply<typeof listReplays>) => (last.next === '' ? undefined : last.next),
    placeholderData: keepPreviousData,
  });
  const replays = useMemo(() => asked.data?.pages.flatMap((page) => page.replays) ?? [], [asked.data]);
  const error = asked.error as ProblemError | null;
  const filtered = user !== '' || url !== '' || errors !== 'any' || clicks !== 'any' || atLeast !== '0';
  const find = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => {
      const value = form.get(name);
      return typeof value === 'string' ? value.trim() : '';
    };
    setSearch({ user: text('user'), url: text('url') }, { push: true });
  };
  return (
    <div className="page">
      <div className="page-head">
        <h1>Replays</h1>
      </div>
      <form key={`${user} ${url}`} className="replay-search" role="search" onSubmit={find}>
        <TextInput name="user" aria-label="User" placeholder="User" defaultValue={user} maxLength={200} />
        <TextInput
          name="url"
          aria-label="Address visited"
          placeholder="Address visited"
          defaultValue={url}
          maxLength={2000}
        />
        <Select
          aria-label="Errors"
          data={[...errorChoices]}
          value={errors}
          allowDeselect={false}
          onChange={(value) => setSearch({ errors: value === 'any' ? '' : (value ?? '') }, { push: true })}
        />
        <Select
          aria-label="Clicks"
          data={[...clickChoices]}
          value={clicks}
          allowDeselect={false}
          onChange={(value) => setSearch({ clicks: value === 'any' ? '' : (value ?? '') }, { push: true })}
        />
        <Select
          aria-label="Length"
          data={lengths}
          value={atLeast}
          allowDeselect={false}
          onChange={(value) => setSearch({ length: value === '0' ? '' : (value ?? '') }, { push: true })}
        />
        <Button type="submit" variant="default">
          Search
        </Button>
      </form>
      {asked.isPending && <SkeletonRows rows={12} height={44} />}
      {error !== null && replays.length === 0 && (
        <ErrorState error={error} kept="Your search stands in the address." again={() => void asked.refetch()} />
      )}
      {!asked.isPending && error === null && replays.length === 0 && (
        <EmptyState
          compact
          title={filtered ? 'No replay matches' : 'No session was recorded in this time range'}
          text={
            filtered
              ? 'No recorded session in this scope and time range fits.'
              : 'Sentry’s browser SDK records sessions with its replay integration. Text and inputs are masked before they leave the browser.'
          }
          action={
            filtered ? (
              <Button
                variant="default"
                onClick={() => setSearch({ user: '', url: '', errors: '', clicks: '', length: '' })}
              >
                Show all replays
              </Button>
            ) : (
              <Button variant="default" onClick={() => go('/data')}>
                Send data
              </Button>
            )
          }
        />
      )}
      {replays.length > 0 && (
        <ol className="replay-list" data-stale={asked.isPlaceholderData ? '' : undefined}>
          {replays.map((replay) => (
            <ReplayLine key={replay.replay} replay={replay} />
          ))}
        </ol>
      )}
      {asked.hasNextPage && (
        <Button variant="default" loading={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
          Load more
        </Button>
      )}
    </div>
  );
}

function ReplayLine({ replay }: { replay: ReplayRow }): ReactNode {
  const [first] = replay.urls;
  const more = replay.urls.length - 1;
  return (
    <li className="replay-row">
      <div className="replay-who">
        <Go to={`/replays/${replay.replay}`} className="replay-title">
          {replay.user === '' ? 'Unknown user' : replay.user}
        </Go>
        <div className="replay-where muted" title={replay.urls.join('\n')}>
          {first === undefined ? 'no address told' : pathOf(first)}
          {more > 0 && `, ${more} more`}
        </div>
      </div>
      <span>{replay.site}</span>
      <span className="muted replay-with">{[replay.browser, replay.os].filter((part) => part !== '').join(', ')}</span>
      <span className="figure">{clockText(replay.durationMs)}</span>
      <span className="figure" data-tone={replay.errors > 0 ? 'bad' : undefined}>
        <span className="toned">
          {replay.errors} {replay.errors === 1 ? 'error' : 'errors'}
        </span>
      </span>
      <span className="replay-clicks" data-tone={replay.rage + replay.dead > 0 ? 'warn' : undefined}>
        <span className="toned">
          {[
            ...(replay.rage > 0 ? [`${replay.rage} rage`] : []),
            ...(replay.dead > 0 ? [`${replay.dead} dead`] : []),
          ].join(', ')}
          {replay.rage + replay.dead > 0 && (replay.rage + replay.dead === 1 ? ' click' : ' clicks')}
        </span>
      </span>
      <span className="muted">
        <TimeText at={replay.startedAt} show="relative" />
      </span>
    </li>
  );
}
