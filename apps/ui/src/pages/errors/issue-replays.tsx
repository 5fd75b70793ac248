import { getIssueReplays } from '@sightline/contract';
import type { ReactNode } from 'react';
import { counted } from '../../components/number-text.ts';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAsk } from '../../data/ask.ts';
import { Go } from '../../shell/go.tsx';
import './errors.css';

/** Recorded sessions in which the error happened; each opens at that moment. Nothing where none was recorded. */
export function IssueReplays({ issue }: { readonly issue: string }): ReactNode {
  const asked = useAsk(getIssueReplays, { params: { issue } });
  if (asked.data === undefined)
    return asked.error === null ? (
      <SkeletonRows rows={2} height={28} />
    ) : (
      <p className="muted">Its replays could not be read. {asked.error.detail}</p>
    );
  const { replays, left } = asked.data;
  if (replays.length === 0) return null;
  return (
    <section>
      <h3 className="part-title">Replays</h3>
      <ul className="related">
        {replays.map((replay) => (
          <li key={replay.replay}>
            <Go
              to={`/replays/${replay.replay}`}
              search={{ t: String(Math.round(replay.at)) }}
              className="row related-line"
            >
              <span className="related-title grow">
                {replay.user === '' ? 'Unknown user' : replay.user} <span className="muted">{replay.site}</span>
              </span>
              {replay.rage > 0 && <span className="chip">{counted(replay.rage, 'rage click')}</span>}
              <span className="muted">
                <TimeText at={replay.at} show="relative" />
              </span>
            </Go>
          </li>
        ))}
      </ul>
      {left > 0 && <p className="muted">{left} older ones are not listed.</p>}
    </section>
  );
}
