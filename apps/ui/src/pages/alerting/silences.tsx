import { Button } from '@mantine/core';
import { expireSilence, listSilences, type Silence } from '@sightline/contract';
import type { ReactNode } from 'react';
import { Confirm } from '../../components/confirm.tsx';
import { Drawer } from '../../components/drawer.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { ScrollX } from '../../components/scroll-x.tsx';
import { RoleNeededDrawer } from '../../components/role-needed.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAct, useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { SilenceForm } from './silence-form.tsx';
import { matcherText } from './words.ts';

const stateTones = { active: 'warn', pending: 'idle', expired: 'idle' } as const;
const stateWords = { active: 'silent now', pending: 'not yet', expired: 'ended' } as const;

/** What is held back, until when and why. `?incident=<number>` begins one for it. */
export function Silences(): ReactNode {
  const { may } = useMe();
  const { search, setSearch } = useAddress();
  const asked = useAsk(listSilences, {}, { everyMs: 15_000 });
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={6} />;
  }
  const { silences } = asked.data;
  const opened = search['silence'] ?? (search['incident'] === undefined ? '' : 'new');
  const chosen = silences.find((silence) => silence.id === opened);
  const close = (): void => setSearch({ silence: '', incident: '' });
  return (
    <>
      {may('responder') && (
        <div>
          <Button onClick={() => setSearch({ silence: 'new' }, { push: true })}>Add a silence</Button>
        </div>
      )}
      {silences.length === 0 ? (
        <EmptyState
          compact
          title="Nothing is silenced"
          text="A silence holds back what you know of already: a store that is being rebuilt, a terminal that waits for its repair. It says why, and ends by itself."
        />
      ) : (
        <SilenceTable silences={silences} open={(id) => setSearch({ silence: id }, { push: true })} />
      )}
      {opened !== '' && !may('responder') && (
        <RoleNeededDrawer title="Silence" need={{ role: 'responder', what: 'silence' }} onClose={close} />
      )}
      {may('responder') && (opened === 'new' || chosen !== undefined) && (
        <Drawer
          title={chosen === undefined ? 'New silence' : 'Silence'}
          label={chosen === undefined ? 'New silence' : `Silence: ${chosen.comment}`}
          width={560}
          onClose={close}
        >
          <SilenceForm
            key={`${opened} ${search['incident'] ?? ''}`}
            silence={chosen}
            incident={Number(search['incident'] ?? 0) || 0}
            onDone={close}
          />
        </Drawer>
      )}
    </>
  );
}

function SilenceTable({ silences, open }: { silences: readonly Silence[]; open: (id: string) => void }): ReactNode {
  const { may } = useMe();
  return (
    <section className="panel" aria-label="Silences">
      <ScrollX label="Table of silences">
        <table className="table stacks">
          <thead>
            <tr>
              <th>State</th>
              <th>What</th>
              <th>Why</th>
              <th>Holds back now</th>
              <th>Until</th>
              <th>By</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {silences.map((silence) => (
              <tr key={silence.id}>
                <td>
                  <ToneBadge tone={stateTones[silence.state]}>{stateWords[silence.state]}</ToneBadge>
                </td>
                <td className="row-name">
                  <Matchers silence={silence} />
                </td>
                <td data-title="Why">{silence.comment}</td>
                <td data-title="Holds back now">
                  <HeldBack silence={silence} />
                </td>
                <td data-title="Until">
                  <TimeText at={silence.endsAt} />
                  {silence.state === 'pending' && (
                    <span className="muted">
                      {' '}
                      from <TimeText at={silence.startsAt} />
                    </span>
                  )}
                </td>
                <td className="muted" data-title="By">
                  {silence.createdBy}
                </td>
                <td className="number">
                  {may('responder') && (
                    <span className="row silence-tools">
                      <Button variant="default" size="compact-xs" onClick={() => open(silence.id)}>
                        {silence.state === 'expired' ? 'Again' : 'Change'}
                      </Button>
                      {silence.state !== 'expired' && <End silence={silence} />}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}

function Matchers({ silence }: { silence: Silence }): ReactNode {
  return (
    <span className="matcher-words">
      {silence.matchers.map((matcher) => (
        <span key={matcherText(matcher)} className="matcher-word">
          {matcherText(matcher)}
        </span>
      ))}
    </span>
  );
}

function HeldBack({ silence }: { silence: Silence }): ReactNode {
  if (silence.state !== 'active') return <span className="muted">–</span>;
  if (silence.holdsBackAll === 0) return <span className="muted">nothing</span>;
  return (
    <details className="fold">
      <summary>{counted(silence.holdsBackAll, 'finding')}</summary>
      <TitleList titles={silence.holdsBack} all={silence.holdsBackAll} />
    </details>
  );
}

/** Titles of what is held back, and how many more there are. */
export function TitleList({ titles, all }: { titles: readonly string[]; all: number }): ReactNode {
  return (
    <ul className="title-list">
      {[...new Set(titles)].map((title) => (
        <li key={title}>{title}</li>
      ))}
      {all > titles.length && <li className="muted">and {all - titles.length} more</li>}
    </ul>
  );
}

function End({ silence }: { silence: Silence }): ReactNode {
  const ending = useAct(expireSilence, [listSilences]);
  return (
    <Confirm
      verb="End"
      title="End the silence now"
      text={
        silence.holdsBackAll === 0
          ? `“${silence.comment}” holds back nothing at the moment.`
          : `“${silence.comment}” holds back ${counted(silence.holdsBackAll, 'finding')}: what still fires opens incidents within seconds.`
      }
      act={async () => ending.mutateAsync({ params: { id: silence.id } })}
    />
  );
}
