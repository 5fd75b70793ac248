import type { getIssue } from '@sightline/contract';
import { Button } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { CopyId } from '../../components/copy-id.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import type { Reply } from '../../data/call.ts';
import { replayOf } from '../../records/replay-of.ts';
import { Go } from '../../shell/go.tsx';
import { useKeys } from '../../shell/keys.ts';
import { EventActs } from './event-acts.tsx';
import './errors.css';

type Answer = Reply<typeof getIssue>;

/** Steps through the events of an issue that match, and leads on from the one that is shown. */
export function EventBar({ answer, event }: { answer: Answer; event: NonNullable<Answer['event']> }): ReactNode {
  const { setSearch } = useAddress();
  const older = () => answer.previousEvent !== '' && setSearch({ event: answer.previousEvent });
  const newer = () => answer.nextEvent !== '' && setSearch({ event: answer.nextEvent });
  useKeys([
    { keys: 'j', title: 'Older event', run: older },
    { keys: 'k', title: 'Newer event', run: newer },
  ]);
  const story = event.correlationId || event.traceId;
  const replay = replayOf(event);
  return (
    <div className="event-bar" role="toolbar" aria-label="Events">
      <Button
        variant="default"
        disabled={answer.previousEvent === ''}
        onClick={() => setSearch({ event: answer.oldestEvent })}
      >
        Oldest
      </Button>
      <Button
        variant="default"
        disabled={answer.previousEvent === ''}
        leftSection={<IconChevronLeft size={14} />}
        onClick={older}
      >
        Older
      </Button>
      <Button
        variant="default"
        disabled={answer.nextEvent === ''}
        rightSection={<IconChevronRight size={14} />}
        onClick={newer}
      >
        Newer
      </Button>
      <Button
        variant="default"
        disabled={answer.nextEvent === ''}
        onClick={() => setSearch({ event: answer.newestEvent })}
      >
        Latest
      </Button>
      <EventActs answer={answer} event={event} />
      <span>
        Event <CopyId id={event.eventId} what="Event id" /> <TimeText at={event.at} />
      </span>
      <nav className="ways-on" aria-label="Related">
        {event.traceId !== '' && (
          <Go to={`/traces/${event.traceId}`} search={{ span: event.spanId }}>
            Trace
          </Go>
        )}
        {story !== '' && <Go to={`/story/${encodeURIComponent(story)}`}>Story</Go>}
        <Go to="/logs" search={logsAround(event)}>
          Logs around
        </Go>
        {replay !== '' && (
          <Go to={`/replays/${replay}`} search={{ t: String(Math.round(event.at)) }}>
            Replay
          </Go>
        )}
        {event.site !== '' && <Go to={`/sites/${encodeURIComponent(event.site)}`}>{event.site}</Go>}
      </nav>
    </div>
  );
}

const aroundMs = 300_000;

function logsAround(event: NonNullable<Answer['event']>): Record<string, string> {
  return {
    site: event.site,
    service: event.service,
    range: '',
    from: String(Math.round(event.at - aroundMs)),
    to: String(Math.round(event.at + aroundMs)),
  };
}
