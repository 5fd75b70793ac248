import { listFeedback } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { useAsk } from '../../data/ask.ts';
import { FeedbackEntry } from '../../records/feedback-entry.tsx';
import './errors.css';

const most = 20;

/** What people wrote about the errors of an issue, the newest; nothing where nobody did. */
export function IssueFeedback({ issue, fromMs }: { issue: string; fromMs: number }): ReactNode {
  const [toMs] = useState(() => Date.now());
  const query = { from: Math.floor(fromMs), to: toMs, issue, limit: most };
  const asked = useAsk(listFeedback, { query });
  const rows = asked.data?.feedback ?? [];
  if (asked.error !== null) return <p className="muted">What people wrote could not be read: {asked.error.detail}</p>;
  if (rows.length === 0) return null;
  return (
    <section className="issue-part">
      <h2>What people wrote</h2>
      {asked.data?.next !== '' && <p className="muted">The newest {most}.</p>}
      <ol className="feedback-list">
        {rows.map((row) => (
          <FeedbackEntry key={`${row.eventId} ${row.at}`} row={row} />
        ))}
      </ol>
    </section>
  );
}
