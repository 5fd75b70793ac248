import type { FeedbackRow } from '@sightline/contract';
import type { ReactNode } from 'react';
import { TimeText } from '../components/time-text.tsx';
import { Go } from '../shell/go.tsx';
import { EventFile } from './event-file.tsx';
import './feedback.css';

/** What somebody wrote, with the error that it is about and the files that came with it. */
export function FeedbackEntry({ row }: { row: FeedbackRow }): ReactNode {
  const who = row.name === '' ? 'Somebody' : row.name;
  return (
    <li className="feedback-entry" aria-label={`Feedback of ${who}`}>
      <p className="feedback-head">
        <b>{who}</b>
        {row.contact !== '' && <span className="muted">{row.contact}</span>}
        <TimeText at={row.at} show="relative" />
      </p>
      <p className="feedback-message">{row.message}</p>
      <p className="feedback-facts muted">
        {row.site !== '' && <Go to={`/sites/${encodeURIComponent(row.site)}`}>{row.site}</Go>}
        <span>{[row.service, row.release, row.environment].filter((part) => part !== '').join(' · ')}</span>
        {row.issue !== '' && (
          <Go to={`/errors/${row.issue}`} search={{ event: row.aboutEvent }}>
            The error
          </Go>
        )}
        {row.replay !== '' && <Go to={`/replays/${row.replay}`}>The replay</Go>}
        {row.url !== '' && <span className="code">{row.url}</span>}
      </p>
      {row.files.length > 0 && (
        <ul className="feedback-files" aria-label="Files">
          {row.files.map((file) => (
            <li key={file.name}>
              <EventFile eventId={row.eventId} file={file} />
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
