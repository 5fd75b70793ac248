import type { IncidentEvent, IncidentNotification } from '@sightline/contract';
import {
  IconAlertTriangle,
  IconBell,
  IconBellOff,
  IconCamera,
  IconCheck,
  IconHandStop,
  IconMessage,
  IconPoint,
  IconRefresh,
  IconTool,
  IconUserShare,
  type Icon,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ToneBadge, type Tone } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';

const icons: Readonly<Record<string, Icon>> = {
  opened: IconAlertTriangle,
  worse: IconAlertTriangle,
  finding: IconAlertTriangle,
  'finding-resolved': IconCheck,
  notified: IconBell,
  'not-notified': IconBellOff,
  escalated: IconBell,
  suppressed: IconBellOff,
  acknowledged: IconHandStop,
  'handed-over': IconUserShare,
  note: IconMessage,
  action: IconTool,
  evidence: IconCamera,
  resolved: IconCheck,
  reopened: IconRefresh,
};
const tones: Readonly<Record<string, Tone>> = {
  opened: 'bad',
  worse: 'bad',
  finding: 'warn',
  'not-notified': 'bad',
  acknowledged: 'warn',
  resolved: 'good',
  'finding-resolved': 'good',
  reopened: 'bad',
};

/** The time line, newest last, and the log of messages. */
export function IncidentTrail(props: {
  events: readonly IncidentEvent[];
  notifications: readonly IncidentNotification[];
}): ReactNode {
  return (
    <>
      <section aria-label="Time line">
        <h2>Time line</h2>
        <ol className="incident-trail">
          {props.events.map((event) => {
            const Mark = icons[event.kind] ?? IconPoint;
            return (
              <li key={event.id} data-tone={tones[event.kind] ?? 'idle'} data-kind={event.kind}>
                <Mark size={14} aria-hidden className="incident-mark" />
                <TimeText at={event.at} show="time" />
                <span>
                  {event.kind === 'note' || event.kind === 'action' ? (
                    <>
                      <b>{event.actor}</b>: {event.text}
                    </>
                  ) : (
                    event.text
                  )}
                </span>
              </li>
            );
          })}
        </ol>
      </section>
      {props.notifications.length > 0 && (
        <section aria-label="Messages">
          <h2>Messages</h2>
          <ul className="incident-messages">
            {props.notifications.map((message) => (
              <Message key={message.id} message={message} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

const messageTones: Readonly<Record<IncidentNotification['status'], Tone>> = {
  delivered: 'good',
  failed: 'bad',
  waiting: 'warn',
  cancelled: 'idle',
};

function Message({ message }: { message: IncidentNotification }): ReactNode {
  const tries = message.attempts > 1 ? ` · ${message.attempts} tries` : '';
  return (
    <li>
      <div className="row">
        <ToneBadge tone={messageTones[message.status]}>{message.status}</ToneBadge>
        <span className="grow cut">
          {message.channelName}
          {message.receivers.length > 0 && ` (${message.receivers.join(', ')})`}
        </span>
        <span className="muted">{message.kind}</span>
        <TimeText at={message.finishedAt ?? message.createdAt} show="time" />
      </div>
      {(message.status === 'failed' || message.attempts > 1) && (
        <details className="fold">
          <summary className="muted">
            {message.log.at(-1)?.detail ?? ''}
            {tries}
          </summary>
          <ul>
            {message.log.map((entry) => (
              <li key={entry.at} className="muted">
                <TimeText at={entry.at} show="time" /> {entry.ending}: {entry.detail} ({Math.round(entry.tookMs)} ms)
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}
