import { listFeedback, type FeedbackChange, type FeedbackRow } from '@sightline/contract';
import { Button, Checkbox, SegmentedControl, Select, TextInput } from '@mantine/core';
import { IconAlertHexagon, IconPhoto, IconPlayerPlay, IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useChosen } from '../../components/use-chosen.ts';
import { useAddress } from '../../data/address.ts';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { useMe } from '../../data/session.tsx';
import { BulkBar, ChooseAll } from '../../records/bulk-bar.tsx';
import { feedbackTone, writerOf } from '../../records/feedback-entry.tsx';
import { AlertOnSearch } from '../../search/alert-on-search.tsx';
import { Go, useGo } from '../../shell/go.tsx';
import { useKeys } from '../../shell/keys.ts';
import { FeedbackActs } from './feedback-acts.tsx';
import { FeedbackDrawer } from './feedback-drawer.tsx';
import './inbox.css';
import { useChangeFeedback } from './use-change-feedback.tsx';
import { boxes, boxWord, withRead, type Box } from './words.ts';

type ListReply = Reply<typeof listFeedback>;

const owners = [
  { value: '', label: 'Anybody’s' },
  { value: 'me', label: 'Mine and my teams’' },
  { value: 'nobody', label: 'Nobody’s' },
];

function focusRow(index: number): void {
  document.querySelector<HTMLElement>(`[data-row="${index}"] .inbox-title`)?.focus();
}

/** What people wrote through a program's own form, as an inbox: read, answered, given to somebody, or thrown out. */
export default function FeedbackPage(): ReactNode {
  const { query } = useScope();
  const { search, setSearch } = useAddress();
  const { may } = useMe();
  const go = useGo();
  const client = useQueryClient();
  const q = search['q'] ?? '';
  const box: Box = boxes.find((one) => one === search['status']) ?? 'unresolved';
  const assigned = search['assigned'] ?? '';
  const unread = search['unread'] === '1' ? '1' : '0';
  const opened = search['feedback'] ?? '';
  const asked = useInfiniteQuery({
    queryKey: [listFeedback.path, 'pages', query, q, box, assigned, unread],
    queryFn: async ({ signal, pageParam }: { signal: AbortSignal; pageParam: string }) =>
      call(
        listFeedback,
        { query: { ...query, q, status: box, assigned, unread, limit: 50, cursor: pageParam } },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (last: ListReply) => (last.next === '' ? undefined : last.next),
    placeholderData: keepPreviousData,
  });
  const error = asked.error as ProblemError | null;
  const rows = useMemo(() => asked.data?.pages.flatMap((page) => page.feedback) ?? [], [asked.data]);
  const counts = asked.data?.pages[0]?.counts;

  const chosen = useChosen(rows, ({ eventId }) => eventId);
  const { change, busy } = useChangeFeedback();
  const act = (some: readonly FeedbackRow[], wanted: FeedbackChange): void => {
    if (some.length > 0) void change(some, wanted).then((whole) => whole && chosen.clear());
  };

  const [at, setAt] = useState(-1);
  const move = (step: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, at + step));
    setAt(next);
    focusRow(next);
  };
  // What was dealt with leaves the list: who works by keyboard goes on at the next.
  useEffect(() => {
    if (at >= 0 && document.activeElement === document.body) focusRow(Math.min(at, rows.length - 1));
  }, [rows, at]);
  const current = rows[at];
  const meant = chosen.rows.length > 0 ? chosen.rows : current === undefined ? [] : [current];
  const place = rows.findIndex(({ eventId }) => eventId === opened);
  // What was dealt with while it stood open has left the list: the next one is in its place.
  const [after, before] = place >= 0 ? [place + 1, place - 1] : [at, at - 1];
  const open = (index: number): void => {
    setAt(index);
    setSearch({ feedback: rows[index]?.eventId ?? '' });
  };
  useKeys([
    { keys: 'j', title: 'Next message', run: () => move(1) },
    { keys: 'k', title: 'Previous message', run: () => move(-1) },
    ...(may('responder')
      ? [
          {
            keys: 'x',
            title: 'Choose the message',
            run: () => current !== undefined && chosen.toggle(current.eventId),
          },
          {
            keys: 'e',
            title: 'Resolve what is chosen, or move it back to the inbox',
            run: () => {
              const isOpen = meant.some(({ status }) => status === 'unresolved');
              act(meant, { status: isOpen ? 'resolved' : 'unresolved' });
            },
          },
          { keys: 's', title: 'Mark what is chosen as spam', run: () => act(meant, { status: 'spam' }) },
          {
            keys: 'u',
            title: 'Mark what is chosen as unread',
            run: () => act(meant, { read: false }),
          },
        ]
      : []),
  ]);

  const markRead = (id: string): void => {
    client.setQueriesData<InfiniteData<ListReply, string>>({ queryKey: [listFeedback.path, 'pages'] }, (old) =>
      old === undefined ? old : { ...old, pages: withRead(old.pages, id) },
    );
  };
  const filtered = q !== '' || assigned !== '' || unread === '1';
  return (
    <div className="page">
      <div className="page-head">
        <h1>Feedback</h1>
        <SegmentedControl
          size="xs"
          aria-label="State of the messages"
          className="issue-states"
          value={box}
          data={boxes.map((value) => ({ value, label: labelOf(value, counts) }))}
          onChange={(value) => {
            chosen.clear();
            setAt(-1);
            setSearch({ status: value === 'unresolved' ? '' : value }, { push: true });
          }}
        />
        <span className="grow" />
        <AlertOnSearch source="feedback" q={q} scope={query} label="Alert on new feedback" />
      </div>
      <div className="page-head">
        <SearchField key={q} q={q} onSearch={(next) => setSearch({ q: next }, { push: true })} />
        <Select
          aria-label="Whose messages"
          w={168}
          data={
            owners.some(({ value }) => value === assigned) ? owners : [...owners, { value: assigned, label: assigned }]
          }
          value={assigned}
          allowDeselect={false}
          onChange={(value) => setSearch({ assigned: value ?? '' }, { push: true })}
        />
        <Checkbox
          size="xs"
          label={`Unread only${counts === undefined || counts.unread === 0 ? '' : ` (${counts.unread})`}`}
          checked={unread === '1'}
          onChange={(event) => setSearch({ unread: event.currentTarget.checked ? '1' : '' }, { push: true })}
        />
      </div>
      <BulkBar
        what="messages"
        chosen={chosen}
        busy={busy}
        onAssign={(assignee) => act(chosen.rows, { assignee })}
        acts={<FeedbackActs rows={chosen.rows} busy={busy} act={(next) => act(chosen.rows, next)} />}
      />
      {asked.isPending && <SkeletonRows rows={8} height={64} />}
      {asked.data === undefined && error !== null && <ErrorState error={error} again={() => void asked.refetch()} />}
      {asked.data !== undefined && rows.length === 0 && (
        <Nothing
          box={box}
          filtered={filtered}
          any={counts !== undefined && counts.unresolved + counts.resolved + counts.spam > 0}
          showAll={() => setSearch({ q: '', assigned: '', unread: '', status: 'all' }, { push: true })}
          send={() => go('/data')}
        />
      )}
      {rows.length > 0 && (
        <ol className="inbox" data-stale={asked.isPlaceholderData ? '' : undefined} aria-label="Messages">
          {may('responder') && (
            <li className="inbox-row inbox-all">
              <ChooseAll what="messages" listed={rows.length} chosen={chosen} />
              <span className="muted">
                {rows.length} {rows.length === 1 ? 'message' : 'messages'} listed
              </span>
            </li>
          )}
          {rows.map((row, index) => (
            <Line
              key={`${row.eventId} ${row.at}`}
              index={index}
              row={row}
              box={box}
              current={row.eventId === opened}
              chosen={chosen.has(row.eventId)}
              onChoose={may('responder') ? () => chosen.toggle(row.eventId) : undefined}
              onOpen={() => setAt(index)}
              address={{ ...search, feedback: row.eventId }}
            />
          ))}
        </ol>
      )}
      {asked.hasNextPage && (
        <Button variant="default" loading={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
          Load more
        </Button>
      )}
      {opened !== '' && (
        <FeedbackDrawer
          id={opened}
          busy={busy}
          change={act}
          onRead={markRead}
          onClose={() => setSearch({ feedback: '' })}
          onNext={rows[after] === undefined ? undefined : () => open(after)}
          onPrevious={rows[before] === undefined ? undefined : () => open(before)}
        />
      )}
    </div>
  );
}

function labelOf(box: Box, counts: ListReply['counts'] | undefined): string {
  if (counts === undefined || box === 'all' || counts[box] === 0) return boxWord[box];
  return `${boxWord[box]} ${counts[box].toLocaleString()}`;
}

function SearchField({ q, onSearch }: { readonly q: string; readonly onSearch: (q: string) => void }): ReactNode {
  const [text, setText] = useState(q);
  return (
    <form
      className="grow inbox-search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(text.trim());
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
  );
}

function Nothing(props: {
  readonly box: Box;
  readonly filtered: boolean;
  readonly any: boolean;
  readonly showAll: () => void;
  readonly send: () => void;
}): ReactNode {
  const { box, filtered, any, showAll, send } = props;
  if (!filtered && !any)
    return (
      <EmptyState
        compact
        title="Nobody wrote in this time range"
        text="What people send through the feedback form of a Sentry SDK, or its crash report dialog, appears here with its screenshots."
        action={<Button onClick={send}>Send data</Button>}
      />
    );
  return (
    <EmptyState
      compact
      title={
        filtered ? 'No message matches' : box === 'unresolved' ? 'The inbox is empty' : `Nothing under ${boxWord[box]}`
      }
      text={
        filtered
          ? 'All words must stand in one message, its name, its address or its page, and its state and owner must fit.'
          : 'Every message of this scope and time range is dealt with or stands elsewhere.'
      }
      action={
        <Button variant="default" onClick={showAll}>
          Show all
        </Button>
      }
    />
  );
}

function Line(props: {
  readonly row: FeedbackRow;
  readonly index: number;
  readonly box: Box;
  readonly current: boolean;
  readonly chosen: boolean;
  readonly onChoose: (() => void) | undefined;
  readonly onOpen: () => void;
  readonly address: Readonly<Record<string, string>>;
}): ReactNode {
  const { row, index, box, current, chosen, onChoose } = props;
  const who = writerOf(row);
  const pictures = row.files.filter(({ contentType }) => contentType.startsWith('image/')).length;
  return (
    <li
      className="inbox-row"
      data-row={index}
      data-unread={row.read ? undefined : ''}
      aria-label={`Feedback of ${who}`}
    >
      {onChoose === undefined ? (
        <span />
      ) : (
        <Checkbox size="xs" checked={chosen} onChange={onChoose} aria-label={`Choose the message of ${who}`} />
      )}
      <Go
        to="/feedback"
        search={props.address}
        className="inbox-title"
        aria-current={current ? 'true' : undefined}
        onClick={props.onOpen}
      >
        <span className="inbox-who">
          {!row.read && <span className="inbox-dot" role="img" aria-label="unread" />}
          <span className="cut">{who}</span>
          {row.name !== '' && row.contact !== '' && <span className="muted cut">{row.contact}</span>}
        </span>
        <span className="inbox-message">{row.message}</span>
      </Go>
      <span className="inbox-facts muted">
        {box === 'all' && <ToneBadge tone={feedbackTone[row.status]}>{row.status}</ToneBadge>}
        {row.site !== '' && <span>{row.site}</span>}
        <span>{row.service}</span>
        {row.issue !== '' && <Mark what="about an error" icon={<IconAlertHexagon size={14} />} />}
        {row.replay !== '' && <Mark what="with a replay" icon={<IconPlayerPlay size={14} />} />}
        {pictures > 0 && <Mark what="with a picture" icon={<IconPhoto size={14} />} />}
        {row.assignee !== '' && (
          <span className="chip" title={`Assigned to ${row.assignee}`}>
            {row.assignee}
          </span>
        )}
      </span>
      <span className="inbox-at muted">
        <TimeText at={row.at} show="relative" />
      </span>
    </li>
  );
}

function Mark({ what, icon }: { readonly what: string; readonly icon: ReactNode }): ReactNode {
  return (
    <span className="inbox-mark" role="img" aria-label={what} title={what}>
      {icon}
    </span>
  );
}
