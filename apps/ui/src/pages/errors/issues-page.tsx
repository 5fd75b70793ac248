import { getIssue, listIssues, mergeIssues, type IssueChange, type IssueRow } from '@sightline/contract';
import { Button, Checkbox, Menu, SegmentedControl, Select } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconChevronDown } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SeverityTick } from '../../components/severity-tick.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { tellProblem } from '../../components/tell-problem.ts';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAct } from '../../data/ask.ts';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { useMe } from '../../data/session.tsx';
import { issueTitle } from '../../records/issue-title.ts';
import { AlertOnSearch } from '../../search/alert-on-search.tsx';
import { quoteValue } from '../../search/query-edit.ts';
import { QueryLine } from '../../search/query-line.tsx';
import { Go, useGo } from '../../shell/go.tsx';
import { useKeys } from '../../shell/keys.ts';
import { AssigneeSelect } from '../../records/assignee-select.tsx';
import './errors.css';
import { IssueActs } from './issue-acts.tsx';
import { moneyText, statusTone, statusWord } from './issue-words.ts';
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
const priorities = [
  ['high', 'High'],
  ['medium', 'Medium'],
  ['low', 'Low'],
  ['', 'By the issue itself'],
] as const;
/** Columns of the list, and whether they hold figures. */
const titles = [
  ['Issue', false],
  ['Trend', false],
  ['Events', true],
  ['Sites', true],
  ['Users', true],
  ['Amount', true],
  ['Last seen', false],
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
  const merge = useAct(mergeIssues, [listIssues, getIssue]);
  const go = useGo();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
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
  const picked = issues.filter(({ issue }) => chosen.has(issue));
  const act = async (wanted: IssueChange) => {
    if (await change(picked, wanted)) setChosen(new Set());
  };
  const mergePicked = () => {
    const [into, ...others] = picked.toSorted((a, b) => a.firstSeenAt - b.firstSeenAt);
    if (into === undefined) return;
    merge.mutate(
      { params: { issue: into.issue }, body: { issues: others.map(({ issue }) => issue) } },
      {
        onError: tellProblem,
        onSuccess: () => {
          setChosen(new Set());
          notifications.show({
            message: `${picked.length} issues are one now, the oldest. Its page takes them out again.`,
          });
        },
      },
    );
  };
  const [row, setRow] = useState(-1);
  const at = issues[row];
  const move = (step: number) => {
    const next = Math.max(0, Math.min(issues.length - 1, row + step));
    setRow(next);
    const found = document.querySelector<HTMLElement>(`[data-row="${next}"] .issue-title`);
    found?.focus();
  };
  const toggle = (issue: string) =>
    setChosen((old) => {
      const next = new Set(old);
      if (!next.delete(issue)) next.add(issue);
      return next;
    });
  const resolvable = picked.length > 0 ? picked : at === undefined ? [] : [at];
  useKeys([
    { keys: 'j', title: 'Next issue', run: () => move(1) },
    { keys: 'k', title: 'Previous issue', run: () => move(-1) },
    ...(may('responder')
      ? [
          { keys: 'x', title: 'Choose the issue', run: () => at !== undefined && toggle(at.issue) },
          {
            keys: 'e',
            title: 'Resolve what is chosen',
            run: () => {
              if (resolvable.length === 0) return;
              void change(resolvable, { status: 'resolved' }).then((done) => done && setChosen(new Set()));
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
      {picked.length > 0 && (
        <div className="bulk-bar" role="toolbar" aria-label="Chosen issues">
          <span>{picked.length} chosen</span>
          <IssueActs
            open={picked.some(isOpen)}
            closed={picked.some((issue) => !isOpen(issue))}
            busy={busy}
            release={picked.length === 1 ? (picked[0]?.lastRelease ?? '') : ''}
            act={(wanted) => void act(wanted)}
          />
          <AssigneeSelect
            className="bulk-assign"
            aria-label="Assign the chosen issues to"
            placeholder="Assign to…"
            disabled={busy}
            value=""
            onChoose={(assignee) => assignee !== '' && void act({ assignee })}
          />
          {picked.some(({ assignee }) => assignee !== '') && (
            <Button variant="default" disabled={busy} onClick={() => void act({ assignee: '' })}>
              Unassign
            </Button>
          )}
          <Menu position="bottom-start" width={180}>
            <Menu.Target>
              <Button variant="default" disabled={busy} rightSection={<IconChevronDown size={14} />}>
                Priority
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {priorities.map(([priority, label]) => (
                <Menu.Item key={priority} onClick={() => void act({ priority })}>
                  {label}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
          {picked.length > 1 && (
            <Button variant="default" disabled={merge.isPending} onClick={mergePicked}>
              Merge
            </Button>
          )}
          <Button variant="subtle" onClick={() => setChosen(new Set())}>
            Clear
          </Button>
        </div>
      )}
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
          <li className="issue-row issue-titles">
            {may('responder') ? (
              <Checkbox
                size="xs"
                aria-label={`Choose all ${issues.length} issues listed`}
                checked={picked.length === issues.length}
                indeterminate={picked.length > 0 && picked.length < issues.length}
                onChange={() =>
                  setChosen(picked.length === issues.length ? new Set() : new Set(issues.map(({ issue }) => issue)))
                }
              />
            ) : (
              <span />
            )}
            <span className="phone-only" aria-hidden="true">
              All {issues.length} listed
            </span>
            {titles.map(([title, figure]) => (
              <span key={title} className={figure ? 'figure' : undefined} aria-hidden="true">
                {title}
              </span>
            ))}
          </li>
          {issues.map((issue, index) => (
            <IssueLine
              key={issue.issue}
              row={index}
              issue={issue}
              chosen={chosen.has(issue.issue)}
              onChoose={may('responder') ? () => toggle(issue.issue) : undefined}
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

function isOpen({ status }: IssueRow): boolean {
  return status === 'unresolved' || status === 'regressed';
}

function statusLabel(status: (typeof statuses)[number]): string {
  const word = status === 'ignored' ? 'archived' : status;
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function IssueLine({
  issue,
  row,
  chosen,
  onChoose,
}: {
  issue: IssueRow;
  row: number;
  chosen: boolean;
  onChoose: (() => void) | undefined;
}): ReactNode {
  const title = issueTitle(issue);
  return (
    <li className="issue-row" aria-label={title} data-row={row}>
      {onChoose === undefined ? (
        <span />
      ) : (
        <Checkbox size="xs" checked={chosen} onChange={onChoose} aria-label={`Choose ${title}`} />
      )}
      <div className="issue-what">
        <Go to={`/errors/${issue.issue}`} className="issue-title">
          <SeverityTick severity={issue.severity} bare />
          <span className="cut">{title}</span>
        </Go>
        <div className="issue-where">
          {issue.status !== 'unresolved' && (
            <ToneBadge tone={statusTone[issue.status]}>{statusWord[issue.status]}</ToneBadge>
          )}
          {issue.regressedIn !== '' && <span>in {issue.regressedIn}</span>}
          {issue.priority === 'high' && <span className="chip">high priority</span>}
          <span>{issue.service}</span>
          <span className="issue-culprit code">{issue.culprit}</span>
          <span>
            new <TimeText at={issue.firstSeenAt} show="relative" />
          </span>
          {issue.assignee !== '' && (
            <Go
              to="/errors"
              search={{ q: `assigned:${quoteValue(issue.assignee)}` }}
              className="chip issue-assignee"
              title={`Issues of ${issue.assignee}`}
            >
              {issue.assignee}
            </Go>
          )}
        </div>
      </div>
      <span className="issue-trend">
        <Sparkline points={issue.trend} label={`Events of ${title}`} kind="bars" tone="bad" width={120} height={28} />
      </span>
      <Figure value={formatCount(issue.events)} unit={issue.events === 1 ? 'event' : 'events'} />
      <Figure value={formatCount(issue.sites)} unit={issue.sites === 1 ? 'site' : 'sites'} />
      <Figure value={formatCount(issue.users)} unit={issue.users === 1 ? 'user' : 'users'} />
      <Money issue={issue} />
      <span className="issue-seen muted">
        <TimeText at={issue.lastSeenAt} show="relative" />
      </span>
    </li>
  );
}

/** The greatest currency's sum; the others under the pointer. */
function Money({ issue: { money, moneyAbout } }: { issue: IssueRow }): ReactNode {
  const [first, ...others] = money;
  if (first === undefined) return <span className="figure issue-no-money">–</span>;
  const all = money.map(
    (one) => `${moneyText(one, moneyAbout)} in ${formatCount(one.orders)} ${one.orders === 1 ? 'order' : 'orders'}`,
  );
  return (
    <span className="figure" title={`${all.join(', ')}; an order counts once`}>
      {moneyAbout && '~'}
      {moneyText(first, false)}
      {others.length > 0 && <span className="muted"> +{others.length}</span>}
    </span>
  );
}

function Figure({ value, unit }: { value: string; unit: string }): ReactNode {
  return (
    <span className="figure">
      {value}
      <span className="figure-unit"> {unit}</span>
    </span>
  );
}
