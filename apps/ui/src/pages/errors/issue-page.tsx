import { getIssue, shortIssueDigits, shortIssueId } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { CopyId } from '../../components/copy-id.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { UnknownRecord, UnreadRecord } from '../../components/record-page-states.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { useAddress, usePathParam } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { ProblemError, Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { issueTitle } from '../../records/issue-title.ts';
import { EventFile } from '../../records/event-file.tsx';
import { contextParts } from './context-parts.ts';
import { ContextCards } from './context-cards.tsx';
import './errors.css';
import { IssueFeedback } from './issue-feedback.tsx';
import { IssueSide } from './issue-side.tsx';
import { EventBar } from './event-bar.tsx';
import { EventCompare } from './event-compare.tsx';
import { EventList } from './event-list.tsx';
import { EventSearch } from './event-search.tsx';
import { EventStack } from './event-stack.tsx';
import { moneyText, statusTone, statusWord } from './issue-words.ts';
import { TagShares } from './tag-shares.tsx';
import { Trail } from './trail.tsx';

type Answer = Reply<typeof getIssue>;

/** One issue: how often and where, who and what it hit, and one event of it in full. */
export default function IssuePage(): ReactNode {
  const named = usePathParam('issue');
  const short = shortIssueDigits(named) !== undefined;
  const issue = short ? named.toUpperCase() : named.toLowerCase();
  const { search } = useAddress();
  const valid = short || /^[0-9a-f]{16}$/.test(issue);
  const event = search['event'] ?? '';
  const asked = useAsk(getIssue, { params: { issue }, query: { event, q: search['q'] ?? '' } }, { when: valid });
  // A search that cannot be read is mended on the page: it stays, with all events.
  const unread = asked.error?.position !== undefined;
  const whole = useAsk(getIssue, { params: { issue }, query: { event, q: '' } }, { when: valid && unread });
  const answer = asked.data ?? (unread ? whole.data : undefined);
  if (!valid || asked.error?.status === 404) {
    return (
      <UnknownRecord
        title="This issue is not known"
        text="The address may be mistyped, or its events are older than what is kept."
        all="All errors"
        to="/errors"
      />
    );
  }
  if (answer === undefined) {
    return <UnreadRecord error={unread ? whole.error : asked.error} again={asked.refetch} />;
  }
  return <IssueView answer={answer} problem={asked.error} />;
}

function IssueView({ answer, problem }: { answer: Answer; problem: ProblemError | null }): ReactNode {
  const { issue, event } = answer;
  const { setRange } = useScope();
  const trendStep = stepOf(issue.trend);
  const first = issue.trend[0]?.at ?? issue.firstSeenAt;
  const last = (issue.trend.at(-1)?.at ?? issue.lastSeenAt) + trendStep;
  return (
    <div className="page issue-page">
      <header className="issue-head">
        <div className="row">
          <ToneBadge tone={statusTone[issue.status]}>{statusWord[issue.status]}</ToneBadge>
          <span className="chip">{issue.priority} priority</span>
          <span className="muted">{[issue.service, issue.platform].filter((part) => part !== '').join(' · ')}</span>
          <span title="A commit whose message says Fixes and this id resolves the issue when its release is told of">
            <CopyId id={shortIssueId(issue.issue)} what="Short id" length={18} />
          </span>
        </div>
        <h1>{issueTitle(issue)}</h1>
        <p className="muted code">{issue.culprit}</p>
      </header>
      <div className="issue-columns">
        <div className="issue-main">
          <section className="hits" aria-label="How often and whom it hit">
            <Hit
              value={formatCount(issue.events)}
              word={`${issue.events === 1 ? 'event' : 'events'} over the time drawn, ${formatCount(issue.eventsTotal)} ever`}
            />
            <Hit value={formatCount(issue.sites)} word={issue.sites === 1 ? 'site' : 'sites'} />
            <Hit value={formatCount(issue.users)} word={issue.users === 1 ? 'user' : 'users'} />
            {answer.touched.terminals > 0 && (
              <Hit
                value={formatCount(answer.touched.terminals)}
                word={answer.touched.terminals === 1 ? 'terminal' : 'terminals'}
              />
            )}
            {answer.touched.orders > 0 && (
              <Hit value={formatCount(answer.touched.orders)} word={answer.touched.orders === 1 ? 'order' : 'orders'} />
            )}
            {issue.money.map(({ currency, amount, orders }) => (
              <Hit
                key={currency}
                value={moneyText({ currency, amount }, issue.moneyAbout)}
                word={`in ${formatCount(orders)} failed ${orders === 1 ? 'transaction' : 'transactions'}${currency === '' ? ', currency not told' : ''}`}
              />
            ))}
          </section>
          <section aria-label="Trend">
            <TimeChart
              series={[{ name: 'events', points: issue.trend, colour: 'var(--bad-fill)' }]}
              from={first}
              to={Math.max(last, first + trendStep)}
              stepMs={trendStep}
              kind="bars"
              height={110}
              label={`Events of ${issueTitle(issue)} over time`}
              onRange={setRange}
            />
          </section>
        </div>
        <IssueSide answer={answer} />
        <div className="issue-event">
          {event === null ? (
            <EmptyState
              compact
              title="No event of this issue is kept"
              text="Its count is known, but its events are older than what is kept."
            />
          ) : (
            <EventParts answer={answer} event={event} problem={problem} />
          )}
        </div>
      </div>
    </div>
  );
}

function EventParts({
  answer,
  event,
  problem,
}: {
  answer: Answer;
  event: NonNullable<Answer['event']>;
  problem: ProblemError | null;
}): ReactNode {
  return (
    <>
      <EventSearch answer={answer} problem={problem} />
      <EventBar answer={answer} event={event} />
      <EventCompare issue={answer.issue.issue} event={event} />
      <ContextCards groups={event.groups} />
      <Part title="Stack">
        <EventStack event={event} />
      </Part>
      <Part title="What happened before">
        <Trail event={event} />
      </Part>
      {answer.tags.length > 0 && (
        <Part title="Tags">
          <TagShares answer={answer} />
        </Part>
      )}
      <Files event={event} />
      <IssueFeedback issue={answer.issue.issue} fromMs={answer.issue.firstSeenAt} />
      <MoreOfEvent event={event} />
      <EventList issue={answer.issue.issue} shown={event.eventId} />
    </>
  );
}

/** What came with the event: screenshots are seen at once, texts are opened. */
function Files({ event }: { event: NonNullable<Answer['event']> }): ReactNode {
  if (event.attachments.length === 0) return null;
  return (
    <Part title="Files">
      <ul className="event-files" aria-label="Files of this event">
        {event.attachments.map((file) => (
          <li key={file.name}>
            <EventFile eventId={event.eventId} file={file} />
          </li>
        ))}
      </ul>
    </Part>
  );
}

/** Contexts and extra data: rarely read, so folded. */
function MoreOfEvent({ event }: { event: NonNullable<Answer['event']> }): ReactNode {
  const rest = { ...event.contexts, ...(Object.keys(event.extra).length > 0 ? { extra: event.extra } : {}) };
  if (Object.keys(rest).length === 0) return null;
  return (
    <Part title="More of this event">
      {Object.entries(rest).map(([name, value]) => (
        <Context key={name} name={name} value={value} />
      ))}
      {event.sdk !== '' && <p className="muted">Sent by {event.sdk}</p>}
    </Part>
  );
}

function Context({ name, value }: { name: string; value: Readonly<Record<string, unknown>> }): ReactNode {
  const { json, texts } = contextParts(value);
  return (
    <details className="fold">
      <summary>{name}</summary>
      {json !== '' && (
        <pre className="frame-code" tabIndex={0}>
          {json}
        </pre>
      )}
      {texts.map((one) => (
        <pre key={one.name} className="frame-code" tabIndex={0} aria-label={one.name}>
          {one.text}
        </pre>
      ))}
    </details>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <section className="issue-part">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Hit({ value, word }: { value: string; word: string }): ReactNode {
  return (
    <div>
      <b>{value}</b> <span className="muted">{word}</span>
    </div>
  );
}

function stepOf(points: readonly { readonly at: number }[]): number {
  const [first, second] = points;
  return first !== undefined && second !== undefined ? Math.max(1, second.at - first.at) : 3_600_000;
}
