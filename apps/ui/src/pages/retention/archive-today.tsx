import { Button } from '@mantine/core';
import { checkToday, getArchiveReading, todayRecordsPath } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { counted } from '../../components/number-text.ts';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';

/** Whether records that are kept for proof are as they were signed minutes after they were stored; asked for by a button. */
export function ArchiveToday(): ReactNode {
  const [asked, setAsked] = useState(false);
  const reading = useAsk(getArchiveReading);
  const today = useAsk(checkToday, {}, { when: asked, keepOld: false });
  // Without an archive nothing is signed, which the list of its days says already.
  if (reading.data?.available !== true) return null;
  return (
    <section className="panel" aria-label="Since the last archived day">
      <div className="panel-head archive-head">
        <span className="grow">
          Since the last archived day: records of classes that are kept for a year or longer are signed minutes after
          they are stored.
        </span>
        <Button
          variant="default"
          loading={today.isFetching}
          title="Each signed record is compared with what is stored, as npm run verify does"
          onClick={() => (asked ? void today.refetch() : setAsked(true))}
        >
          Check today
        </Button>
      </div>
      {today.error !== null && (
        <p className="panel-body" role="alert">
          It could not be checked. {today.error.detail}
        </p>
      )}
      {today.data !== undefined && <Today found={today.data} />}
    </section>
  );
}

function Today({ found }: { readonly found: Reply<typeof checkToday> }): ReactNode {
  const { available, keyKnown, signedUntil, records, unsigned, head, cut, faults, notes } = found;
  if (!available) return <p className="panel-body">This server archives nothing: nothing is signed.</p>;
  if (!keyKnown)
    return (
      <p className="panel-body">
        Not checked: this server does not know the installation’s public key. The process that archives tells it when it
        starts.
      </p>
    );
  if (signedUntil === null && faults.length === 0)
    return <p className="panel-body">Nothing is signed yet: no such record came since the last archived day.</p>;
  return (
    <div className="panel-body" role="status">
      <p>
        <ToneBadge tone={faults.length === 0 ? 'good' : 'bad'}>
          {faults.length === 0 ? 'as it was signed' : counted(faults.length, 'fault')}
        </ToneBadge>{' '}
        {counted(records, 'record')} signed
        {signedUntil !== null && (
          <>
            {' '}
            up to <TimeText at={signedUntil} />
          </>
        )}
        {unsigned > 0 && `; ${counted(unsigned, 'record')} came late and will be signed next`}
        {cut && '; there are more than were compared: npm run verify checks all'}.{' '}
        <a href={todayRecordsPath} download>
          Records to verify elsewhere
        </a>
      </p>
      {faults.length > 0 && (
        <ul className="archive-gap">
          {faults.slice(0, 20).map((fault) => (
            <li key={fault}>{fault}</li>
          ))}
          {faults.length > 20 && <li>{counted(faults.length - 20, 'more fault')}.</li>}
        </ul>
      )}
      {notes.map((note) => (
        <p key={note} className="muted">
          {note}
        </p>
      ))}
      {head !== null && (
        <p className="muted" title={head.sha256}>
          Head {head.number}: <code>{head.sha256.slice(0, 12)}</code>
        </p>
      )}
    </div>
  );
}
