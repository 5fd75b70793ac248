import { listProfiles, type ProfileRow } from '@sightline/contract';
import { Button, TextInput } from '@mantine/core';
import { IconCopy } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, type FormEvent, type ReactNode } from 'react';
import { formatDuration } from '../../../charts/number-format.ts';
import { copyText } from '../../../components/copy.ts';
import { EmptyState } from '../../../components/empty-state.tsx';
import { ErrorState } from '../../../components/error-state.tsx';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import { TimeText } from '../../../components/time-text.tsx';
import { useAddress } from '../../../data/address.ts';
import { call, type ProblemError, type Reply } from '../../../data/call.ts';
import { useScope } from '../../../data/scope.ts';
import { Go } from '../../../shell/go.tsx';
import './profiles.css';

const pageProfiles = 100;

/** Profiles in the scope and time range, newest first. */
export function ProfileList(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope } = useScope();
  const text = search['text'] ?? '';
  const asked = useInfiniteQuery({
    queryKey: [listProfiles.path, 'pages', scope, text],
    queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam: string }) =>
      call(listProfiles, { query: { ...scope, text, limit: pageProfiles, cursor: pageParam } }, signal),
    initialPageParam: '',
    getNextPageParam: (last: Reply<typeof listProfiles>) => (last.next === '' ? undefined : last.next),
    placeholderData: keepPreviousData,
  });
  const profiles = useMemo(() => asked.data?.pages.flatMap((page) => page.profiles) ?? [], [asked.data]);
  const error = asked.error as ProblemError | null;
  const find = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const value = new FormData(event.currentTarget).get('text');
    setSearch({ text: typeof value === 'string' ? value.trim() : '' }, { push: true });
  };
  const none = !asked.isPending && error === null && profiles.length === 0;
  return (
    <>
      {(text !== '' || !none) && (
        <form key={text} className="profile-search" role="search" onSubmit={find}>
          <TextInput
            name="text"
            aria-label="Transaction, service or release"
            placeholder="Transaction, service or release"
            defaultValue={text}
            maxLength={200}
          />
          <Button type="submit" variant="default">
            Search
          </Button>
        </form>
      )}
      {asked.isPending && <SkeletonRows rows={12} height={36} />}
      {error !== null && profiles.length === 0 && (
        <ErrorState error={error} kept="Your search stands in the address." again={() => void asked.refetch()} />
      )}
      {none && text !== '' && (
        <EmptyState
          compact
          title="No profile matches"
          text="No profile in this scope and time range is of such a transaction, service or release."
          action={
            <Button variant="default" onClick={() => setSearch({ text: '' })}>
              Show all profiles
            </Button>
          }
        />
      )}
      {none && text === '' && <HowToProfile />}
      {profiles.length > 0 && (
        <ol className="trace-list" data-stale={asked.isPlaceholderData ? '' : undefined}>
          {profiles.map((profile) => (
            <ProfileLine key={profile.profile} profile={profile} />
          ))}
        </ol>
      )}
      {asked.hasNextPage && (
        <Button variant="default" loading={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
          Load more
        </Button>
      )}
    </>
  );
}

function ProfileLine({ profile }: { profile: ProfileRow }): ReactNode {
  return (
    <li>
      <Go to={`/profiles/${profile.profile}`} className="profile-row">
        <span className="muted profile-when">
          <TimeText at={profile.at} show="date-time" />
        </span>
        <span className="profile-name">
          <b>{profile.service}</b>{' '}
          {profile.transaction === '' ? <span className="muted">continuous</span> : profile.transaction}
        </span>
        <span className="muted profile-site">{profile.site}</span>
        <span className="muted profile-release">{profile.release}</span>
        <span className="muted figure profile-samples">
          {profile.samples > 0 && `${profile.samples.toLocaleString('en-US')} samples`}
        </span>
        <span className="figure">
          {profile.samples > 0 || profile.durationMs > 0 ? formatDuration(profile.durationMs) : '–'}
        </span>
      </Go>
    </li>
  );
}

const ways = [
  {
    title: 'Node.js',
    text: `npm install @sentry/node @sentry/profiling-node

import * as Sentry from '@sentry/node';
import { nodeProfilingIntegration } from '@sentry/profiling-node';

Sentry.init({
  dsn: '<DSN of the Data page>',
  integrations: [nodeProfilingIntegration()],
  tracesSampleRate: 1,
  profileSessionSampleRate: 1,
  profileLifecycle: 'trace',
});`,
  },
  {
    title: 'Browser (Chromium)',
    text: `// The page's answer needs the header
// Document-Policy: js-profiling

import * as Sentry from '@sentry/browser';

Sentry.init({
  dsn: '<DSN of the Data page>',
  integrations: [
    Sentry.browserTracingIntegration(),
    Sentry.browserProfilingIntegration(),
  ],
  tracesSampleRate: 1,
  profileSessionSampleRate: 1,
  profileLifecycle: 'trace',
});`,
  },
] as const;

/** What to switch on in a client so that this page has something to show. */
function HowToProfile(): ReactNode {
  return (
    <>
      <EmptyState
        compact
        title="Nothing was profiled in this time range"
        text="A profile says in which functions the time of a slow request went. Sentry’s SDKs record them once profiling is switched on beside tracing."
        action={
          <Go to="/data" className="plain-button">
            The DSN is on the Data page
          </Go>
        }
      />
      <div className="profile-ways">
        {ways.map(({ title, text }) => (
          <section key={title} className="panel" aria-label={title}>
            <header className="panel-head">
              <h2 className="grow">{title}</h2>
              <Button
                size="xs"
                variant="default"
                leftSection={<IconCopy size={14} />}
                onClick={() => void copyText(text, 'Snippet')}
              >
                Copy
              </Button>
            </header>
            {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- who has no pointer scrolls it with the arrow keys */}
            <pre className="panel-body code profile-way" tabIndex={0}>
              {text}
            </pre>
          </section>
        ))}
      </div>
    </>
  );
}
