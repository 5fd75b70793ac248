import {
  changeFeedback,
  commentFeedback,
  getFeedback,
  type FeedbackChange,
  type FeedbackRow,
} from '@sightline/contract';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useEffect, useRef, type ReactNode } from 'react';
import { CopyLink } from '../../components/copy-link.tsx';
import { Drawer } from '../../components/drawer.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';
import { Activity } from '../../records/activity.tsx';
import { AssigneeSelect } from '../../records/assignee-select.tsx';
import { FeedbackFiles, feedbackTone, writerOf } from '../../records/feedback-entry.tsx';
import { ErrorsWay, SiteWay, StoryWay, TraceWay } from '../../records/ways.tsx';
import { Go } from '../../shell/go.tsx';
import { useKeys } from '../../shell/keys.ts';
import { FeedbackActs } from './feedback-acts.tsx';

type Answer = Reply<typeof getFeedback>;

interface FeedbackDrawerProps {
  readonly id: string;
  readonly busy: boolean;
  readonly change: (rows: readonly FeedbackRow[], change: FeedbackChange) => void;
  /** It was opened for the first time. */
  readonly onRead: (id: string) => void;
  readonly onClose: () => void;
  readonly onNext: (() => void) | undefined;
  readonly onPrevious: (() => void) | undefined;
}

/** One message in full: what was seen, what failed, who has it, and what was done about it. */
export function FeedbackDrawer(props: FeedbackDrawerProps): ReactNode {
  const { id, onRead } = props;
  const { may } = useMe();
  const asked = useAsk(getFeedback, { params: { id } }, { keepOld: false });
  const read = useAct(changeFeedback, [getFeedback]);
  const answer = asked.data?.feedback.eventId === id ? asked.data : undefined;
  const opened = useRef('');
  useEffect(() => {
    if (answer === undefined || answer.feedback.read || opened.current === id || !may('responder')) return;
    // Once: who marks it unread again means it.
    opened.current = id;
    read.mutate({ body: { feedback: [id], change: { read: true } } }, { onSuccess: () => onRead(id) });
  }, [answer, id, may, read, onRead]);
  return (
    <Drawer
      label="Feedback"
      title={answer === undefined ? 'Feedback' : writerOf(answer.feedback)}
      onClose={props.onClose}
      onNext={props.onNext}
      onPrevious={props.onPrevious}
      actions={<CopyLink what="message" />}
    >
      {answer === undefined && asked.error !== null && (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      )}
      {answer === undefined && asked.error === null && <SkeletonRows rows={10} />}
      {answer !== undefined && <Parts key={id} {...props} answer={answer} />}
    </Drawer>
  );
}

function Parts({ answer, busy, change }: FeedbackDrawerProps & { readonly answer: Answer }): ReactNode {
  const { feedback: row, about, earlier, activity } = answer;
  const { may } = useMe();
  const field = useRef<HTMLInputElement>(null);
  const remark = useAct(commentFeedback, [getFeedback]);
  const act = (wanted: FeedbackChange): void => change([row], wanted);
  const open = row.status === 'unresolved';
  useKeys(
    may('responder')
      ? [
          {
            keys: 'e',
            title: open ? 'Resolve the message' : 'Move the message to the inbox',
            run: () => act({ status: open ? 'resolved' : 'unresolved' }),
          },
          { keys: 's', title: 'Mark the message as spam', run: () => act({ status: 'spam' }) },
          { keys: 'u', title: 'Mark the message as unread', run: () => act({ read: false }) },
          { keys: 'a', title: 'Assign the message', run: () => field.current?.focus() },
        ]
      : [],
  );
  return (
    <div className="drawer-parts">
      <p className="facts-row">
        <ToneBadge tone={feedbackTone[row.status]}>{row.status}</ToneBadge>
        {row.name !== '' && row.contact !== '' && <span>{row.contact}</span>}
        <span className="muted">
          <TimeText at={row.at} />
        </span>
      </p>
      <p className="feedback-message feedback-text">{row.message}</p>
      {may('responder') && (
        <div className="row feedback-decide">
          <FeedbackActs rows={[row]} busy={busy} act={act} />
          <AssigneeSelect
            className="bulk-assign"
            aria-label="Assigned to"
            placeholder="Assign to…"
            field={field}
            disabled={busy}
            value={row.assignee}
            onChoose={(assignee) => act({ assignee })}
          />
        </div>
      )}
      {row.files.length > 0 && (
        <section>
          <h3 className="part-title">What came with it</h3>
          <FeedbackFiles row={row} />
        </section>
      )}
      {about !== null && (
        <section>
          <h3 className="part-title">
            The error <span className="muted">that it is about</span>
          </h3>
          <Go to={`/errors/${row.issue}`} search={{ event: row.aboutEvent }} className="feedback-about">
            <b>{[about.type, about.message].filter((part) => part !== '').join(': ') || 'Error without a message'}</b>
            <span className="muted code">{about.culprit}</span>
            <span className="muted">
              <TimeText at={about.at} />
            </span>
          </Go>
        </section>
      )}
      <WaysOn row={row} about={about} />
      <dl className="facts">
        <Fact title="Page" value={row.url} />
        <Fact title="Service" value={row.service} />
        <Fact title="Release" value={row.release} />
        <Fact title="Environment" value={row.environment} />
      </dl>
      {earlier.length > 0 && (
        <section>
          <h3 className="part-title">
            Written before <span className="muted">about the same error</span>
          </h3>
          <ol className="feedback-list">
            {earlier.map((one) => (
              <li key={one.at} className="feedback-entry">
                <p className="feedback-head">
                  <b>{writerOf(one)}</b>
                  <TimeText at={one.at} show="relative" />
                </p>
                <p className="feedback-message">{one.message}</p>
              </li>
            ))}
          </ol>
        </section>
      )}
      <Activity
        entries={activity}
        busy={remark.isPending}
        problem={remark.error}
        comment={(text, done) => remark.mutate({ params: { id: row.eventId }, body: { text } }, { onSuccess: done })}
      />
    </div>
  );
}

function Fact({ title, value }: { readonly title: string; readonly value: string }): ReactNode {
  if (value === '') return null;
  return (
    <div>
      <dt>{title}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Where a message leads to. */
function WaysOn({ row, about }: { readonly row: FeedbackRow; readonly about: Answer['about'] }): ReactNode {
  const traceId = about?.traceId || row.traceId;
  return (
    <nav className="ways-on" aria-label="Related">
      {row.replay !== '' && (
        <Go to={`/replays/${row.replay}`}>
          <IconPlayerPlay size={14} aria-hidden /> Replay
        </Go>
      )}
      <TraceWay traceId={traceId} />
      {about !== null && <StoryWay correlationId={about.correlationId} traceId={traceId} />}
      <SiteWay site={row.site} />
      {about === null && <ErrorsWay row={row} />}
    </nav>
  );
}
