import { listIssues, type IssueChange } from '@sightline/contract';
import { Button, SegmentedControl, Select } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useChosen } from '../../components/use-chosen.ts';
import { useAddress } from '../../data/address.ts';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { useMe } from '../../data/session.tsx';
import { ChooseAll } from '../../records/bulk-bar.tsx';
import { AlertOnSearch } from '../../search/alert-on-search.tsx';
import { QueryLine } from '../../search/query-line.tsx';
import { useGo } from '../../shell/go.tsx';
import { useKeys } from '../../shell/keys.ts';
import './errors.css';
import { IssueBulkBar } from './issue-bulk-bar.tsx';
import { IssueLine, IssueTitles } from './issue-line.tsx';
import { IssueViews } from './issue-views.tsx';
import { useChangeIssues } from './use-change-issues.tsx';

const statuses = ['open', 'unresolved', 'regressed', 'resolved', 'ignored', 'all'] as const;
const sorts = [
  { value: 'last-seen', label: 'Last seen' },
  { value: 'first-seen', label: 'First seen' },
  { value: 'events', label: 'Events' },
  { value: 'sites', label: 'Sites' },
  { value: 'users', label: 'Users' },
  { value: 'money', label: 'Money' },
  { value: 'priority', label: 'Priority' },
] as const;
const ownFields = [
  'is',
  'assigned',
  'priority',
  'has',
  'level',
  'events',
  'users',
  'sites',
  'money',
  'firstRelease',
  'type',
  'message',
  'culprit',
  'transaction',
  'severity',
  'service',
  'site',
  'device',
  'environment',
  'release',
  'platform',
  'user',
  'order',
  'amount',
  'handled',
  'trace',
  'correlation',
];

/** Errors grouped as issues. */
export default function IssuesPage(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope } = useScope();
  const { may } = useMe();
  const go = useGo();
  const { change, busy } = useChangeIssues();
  const q = search['q'] ?? '';
  const status = statuses.find((one) => one === search['status']) ?? 'open';
  const sort = sorts.find(({ value }) => value === search['sort'])?.value ?? 'last-seen';
  const asked = useInfiniteQuery({
    queryKey: [listIssues.path, 'pages', scope, q, status, sort],
    queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam: string }) =>
      call(listIssues, { query: { ...scope, q, status, sort, limit: 50, cursor: pageParam } }, signal),
    initialPageParam: '',
    getNextPageParam: (last: Reply<typeof listIssues>) => (last.next === '' ? undefined : last.next),
    placeholderData: keepPreviousData,
  });
  const issues = useMemo(() => asked.data?.pages.flatMap((page) => page.issues) ?? [], [asked.data]);
  const error = asked.error as ProblemError | null;
  const chosen = useChosen(issues, ({ issue }) => issue);
  const act = async (wanted: IssueChange) => {
    if (await change(chosen.rows, wanted)) chosen.clear();
  };
  const [row, setRow] = useState(-1);
  const at = issues[row];
  const move = (step: number) => {
    const next = Math.max(0, Math.min(issues.length - 1, row + step));
    setRow(next);
    const found = document.querySelector<HTMLElement>(`[data-row="${next}"] .issue-title`);
    found?.focus();
  };
  const resolvable = chosen.rows.length > 0 ? chosen.rows : at === undefined ? [] : [at];
  useKeys([
    { keys: 'j', title: 'Next issue', run: () => move(1) },
    { keys: 'k', title: 'Previous issue', run: () => move(-1) },
    ...(may('responder')
      ? [
          { keys: 'x', title: 'Choose the issue', run: () => at !== undefined && chosen.toggle(at.issue) },
          {
            keys: 'e',
            title: 'Resolve what is chosen',
            run: () => {
              if (resolvable.length === 0) return;
              void change(resolvable, { status: 'resolved' }).then((done) => done && chosen.clear());
            },
          },
        ]
      : []),
  ]);
  const setQuery = (next: string) => setSearch({ q: next }, { push: true });
  return (
    <div className="page">
      <div className="page-head">
        <h1>Errors</h1>
        <IssueViews
          q={q}
          sort={sort}
          onTake={(view) =>
            setSearch({ q: view.query, sort: view.sort === 'last-seen' ? '' : view.sort }, { push: true })
          }
        />
        <SegmentedControl
          size="xs"
          aria-label="State of the issues"
          className="issue-states"
          value={status}
          data={statuses.map((value) => ({
            value,
            label: statusLabel(value),
          }))}
          onChange={(value) => setSearch({ status: value === 'open' ? '' : value }, { push: true })}
        />
      </div>
      <div className="page-head">
        <QueryLine
          value={q}
          onSubmit={setQuery}
          label="Search errors"
          placeholder="timeout service:payment -site:STORE_012"
          scope={scope}
          fields={ownFields}
          problem={error}
        />
        <Select
          aria-label="Order"
          w={128}
          data={[...sorts]}
          value={sort}
          allowDeselect={false}
          onChange={(value) => setSearch({ sort: value === 'last-seen' ? '' : (value ?? '') })}
        />
        <AlertOnSearch source="errors" q={q} scope={scope} />
      </div>
      <IssueBulkBar chosen={chosen} busy={busy} act={(wanted) => void act(wanted)} />
      {asked.isPending && <SkeletonRows rows={12} height={52} />}
      {error !== null && error.position === undefined && issues.length === 0 && (
        <ErrorState error={error} kept="Your search stands in the address." again={() => void asked.refetch()} />
      )}
      {!asked.isPending && error === null && issues.length === 0 && (
        <EmptyState
          compact
          title={q === '' && status === 'open' ? 'No open errors in this time range' : 'No issue matches'}
          text={
            q === '' && status === 'open'
              ? 'Either nothing failed, or no SDK reports here yet: Sentry SDKs need only their DSN changed.'
              : 'No issue in this scope and time range fits.'
          }
          action={
            q === '' && status === 'open' ? (
              <Button variant="default" onClick={() => go('/data')}>
                Send errors
              </Button>
            ) : (
              <Button variant="default" onClick={() => setSearch({ q: '', status: 'all' })}>
                Show all issues
              </Button>
            )
          }
        />
      )}
      {issues.length > 0 && (
        <ol className="issue-list" data-stale={asked.isPlaceholderData ? '' : undefined}>
          <IssueTitles
            listed={issues.length}
            choice={may('responder') ? <ChooseAll what="issues" listed={issues.length} chosen={chosen} /> : undefined}
          />
          {issues.map((issue, index) => (
            <IssueLine
              key={issue.issue}
              row={index}
              issue={issue}
              chosen={chosen.has(issue.issue)}
              onChoose={may('responder') ? () => chosen.toggle(issue.issue) : undefined}
            />
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

function statusLabel(status: (typeof statuses)[number]): string {
  const word = status === 'ignored' ? 'archived' : status;
  return word.charAt(0).toUpperCase() + word.slice(1);
}
