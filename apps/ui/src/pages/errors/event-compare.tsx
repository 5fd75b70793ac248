import { getIssue, type ErrorEvent } from '@sightline/contract';
import { Button, Checkbox } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { compareEvents, differencesOf } from './event-facts.ts';
import './errors.css';

/** The event that is shown beside another of the issue, which `compare` in the address names: what differs between them. */
export function EventCompare({ issue, event }: { issue: string; event: ErrorEvent }): ReactNode {
  const { search, setSearch } = useAddress();
  const other = search['compare'] ?? '';
  const asked = useAsk(getIssue, { params: { issue }, query: { event: other, q: '' } }, { when: other !== '' });
  const [all, setAll] = useState(false);
  if (other === '') return null;
  const beside = asked.data?.event;
  const compared = beside ? compareEvents(event, beside) : [];
  const sections = all ? compared : differencesOf(compared);
  return (
    <section className="issue-part" aria-label="Two events compared">
      <h2>Compared with another event</h2>
      <div className="row">
        <Checkbox
          label="Also what is alike"
          checked={all}
          onChange={(change) => setAll(change.currentTarget.checked)}
        />
        <Button variant="subtle" onClick={() => setSearch({ compare: '' })}>
          End comparison
        </Button>
      </div>
      {asked.error !== null && <ErrorState error={asked.error} again={() => void asked.refetch()} />}
      {asked.error === null && asked.data === undefined && <SkeletonRows rows={6} />}
      {beside && sections.length === 0 && <p className="muted">The two events hold the same.</p>}
      {beside && sections.length > 0 && (
        <table className="compare-events">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">
                This event, <TimeText at={event.at} />
              </th>
              <th scope="col">
                <button
                  type="button"
                  className="link"
                  onClick={() => setSearch({ event: other, compare: event.eventId })}
                >
                  The other
                </button>
                , <TimeText at={beside.at} />
              </th>
            </tr>
          </thead>
          {sections.map(({ title, facts }) => (
            <tbody key={title}>
              <tr>
                <th scope="rowgroup" colSpan={3}>
                  {title}
                </th>
              </tr>
              {facts.map(({ name, left, right }) => (
                <tr key={name} data-differs={left === right ? undefined : ''}>
                  <th scope="row">{name}</th>
                  <ComparedValue value={left} />
                  <ComparedValue value={right} />
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      )}
    </section>
  );
}

/** A long one is scrolled, by keyboard too. */
function ComparedValue({ value }: { value: string }): ReactNode {
  return (
    <td className="code">
      {value === '' ? (
        <span className="muted">not there</span>
      ) : (
        <div className="compare-value" tabIndex={value.length > 300 ? 0 : undefined}>
          {value}
        </div>
      )}
    </td>
  );
}
