import { listFeedback, type FeedbackRow } from '@sightline/contract';
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAsk } from '../../data/ask.ts';
import { useScope } from '../../data/scope.ts';
import { EventFile } from '../../records/event-file.tsx';
import { Go, useGo } from '../../shell/go.tsx';
import './feedback.css';

/** What people wrote through a program's own form, with what they saw. */
export default function FeedbackPage(): ReactNode {
  const { query } = useScope();
  const go = useGo();
  const asked = useAsk(listFeedback, { query });
  const rows = asked.data?.feedback ?? [];
  return (
    <div className="page">
      <div className="page-head">
        <h1>Feedback</h1>
      </div>
      {asked.isPending && <SkeletonRows rows={6} height={72} />}
      {asked.data === undefined && asked.error !== null && (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      )}
      {asked.data !== undefined && rows.length === 0 && (
        <EmptyState
          compact
          title="Nobody wrote in this time range"
          text="What people send through the feedback form of a Sentry SDK appears here, with its screenshots."
          action={<Button onClick={() => go('/data')}>Send data</Button>}
        />
      )}
      <ol className="feedback-list">
        {rows.map((row) => (
          <FeedbackEntry key={`${row.eventId} ${row.at}`} row={row} />
        ))}
      </ol>
    </div>
  );
}

function FeedbackEntry({ row }: { row: FeedbackRow }): ReactNode {
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
