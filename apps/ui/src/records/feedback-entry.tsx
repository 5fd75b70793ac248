import type { FeedbackRow } from '@sightline/contract';
import type { ReactNode } from 'react';
import { ToneBadge, type Tone } from '../components/state-badge.tsx';
import { TimeText } from '../components/time-text.tsx';
import { Go } from '../shell/go.tsx';
import { EventFile } from './event-file.tsx';
import './feedback.css';

export const feedbackTone: Readonly<Record<FeedbackRow['status'], Tone>> = {
  unresolved: 'warn',
  resolved: 'good',
  spam: 'idle',
};

/** Who wrote, as far as they said. */
export const writerOf = ({ name, contact }: Pick<FeedbackRow, 'name' | 'contact'>): string =>
  name !== '' ? name : contact !== '' ? contact : 'Somebody';

/** What somebody wrote about an error, with the files that came with it and a way to answer it. */
export function FeedbackEntry({ row }: { row: FeedbackRow }): ReactNode {
  const who = writerOf(row);
  return (
    <li className="feedback-entry" aria-label={`Feedback of ${who}`}>
      <p className="feedback-head">
        <Go to="/feedback" search={{ status: 'all', feedback: row.eventId }}>
          <b>{who}</b>
        </Go>
        {row.name !== '' && row.contact !== '' && <span className="muted">{row.contact}</span>}
        {row.status !== 'unresolved' && <ToneBadge tone={feedbackTone[row.status]}>{row.status}</ToneBadge>}
        <TimeText at={row.at} show="relative" />
      </p>
      <p className="feedback-message">{row.message}</p>
      <p className="feedback-facts muted">
        {row.site !== '' && <Go to={`/sites/${encodeURIComponent(row.site)}`}>{row.site}</Go>}
        <span>{[row.service, row.release, row.environment].filter((part) => part !== '').join(' · ')}</span>
        {row.replay !== '' && <Go to={`/replays/${row.replay}`}>The replay</Go>}
        {row.url !== '' && <span className="code">{row.url}</span>}
      </p>
      <FeedbackFiles row={row} />
    </li>
  );
}

/** The files that came with it: pictures as such. */
export function FeedbackFiles({ row }: { row: FeedbackRow }): ReactNode {
  if (row.files.length === 0) return null;
  return (
    <ul className="feedback-files" aria-label="Files">
      {row.files.map((file) => (
        <li key={file.name}>
          <EventFile eventId={row.eventId} file={file} />
        </li>
      ))}
    </ul>
  );
}
