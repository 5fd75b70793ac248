import { Autocomplete, Button, TextInput } from '@mantine/core';
import { getRetention, liftHold, listHolds, placeHold, scopes, type LegalHold } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { Confirm } from '../../components/confirm.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { FormProblem } from '../../components/form-problem.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';

/** What must not be deleted, why, and since when; what was lifted stays in the list. */
export function Holds(): ReactNode {
  const may = useMe().may('admin');
  const asked = useAsk(listHolds);
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={4} />;
  }
  const { holds } = asked.data;
  return (
    <div className="stack">
      {may && <HoldForm />}
      {holds.length === 0 ? (
        <EmptyState
          compact
          title="No legal holds"
          text="A hold keeps logs in the engine and files in the archive from being deleted, whatever their class says, until it is lifted."
        />
      ) : (
        <section className="panel" aria-label="Legal holds">
          <ScrollX label="Table of legal holds">
            <table className="table stacks">
              <thead>
                <tr>
                  <th>Hold</th>
                  <th>Of</th>
                  <th>Placed</th>
                  <th>State</th>
                  <th aria-label="Actions" />
                </tr>
              </thead>
              <tbody>
                {holds.map((hold) => (
                  <tr key={hold.id}>
                    <td className="row-name">
                      {hold.name}
                      <div className="muted">{hold.reason}</div>
                    </td>
                    <td className="muted" data-title="Of">
                      {aboutOf(hold)}
                    </td>
                    <td data-title="Placed">
                      <TimeText at={hold.createdAt} />
                      <div className="muted">{hold.createdBy}</div>
                    </td>
                    <td>
                      {hold.liftedAt === null ? (
                        <ToneBadge tone="warn">holds</ToneBadge>
                      ) : (
                        <>
                          lifted <TimeText at={hold.liftedAt} />
                          <div className="muted">
                            {hold.liftedBy}: {hold.liftReason}
                          </div>
                        </>
                      )}
                    </td>
                    <td>{may && hold.liftedAt === null && <Lift hold={hold} />}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollX>
        </section>
      )}
    </div>
  );
}

const dayText = (at: number | null): string => (at === null ? '…' : new Date(at).toISOString().slice(0, 10));

function aboutOf({ class: kept, site, query, from, to }: LegalHold): string {
  const parts = [
    kept === '' ? 'any class' : kept,
    site === '' ? 'any site' : site,
    ...(query === '' ? [] : [query]),
    ...(from === null && to === null ? [] : [`${dayText(from)} to ${dayText(to)}`]),
  ];
  return parts.join(' · ');
}

function Lift({ hold }: { hold: LegalHold }): ReactNode {
  const lifting = useAct(liftHold, [listHolds]);
  const [reason, setReason] = useState('');
  return (
    <Confirm
      verb="Lift"
      harmful
      title={`Lift the hold ${hold.name}`}
      text={
        <>
          <p>What it kept is deleted when its class’s days are over. It cannot be placed again as it was.</p>
          <TextInput
            label="Why"
            value={reason}
            maxLength={2000}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        </>
      }
      act={async () => lifting.mutateAsync({ params: { id: hold.id }, body: { reason } })}
    />
  );
}

const nothing = { name: '', reason: '', query: '', class: '', site: '', from: '', through: '' };
/** First moment of a day in UTC, so many days later; null for none. */
const momentOf = (day: string, later: number): number | null =>
  day === '' ? null : Date.parse(`${day}T00:00:00Z`) + later * 86_400_000;

function HoldForm(): ReactNode {
  const [draft, setDraft] = useState(nothing);
  const placing = useAct(placeHold, [listHolds]);
  const kept = useAsk(getRetention).data;
  const classes = [...(kept?.classes ?? []), ...(kept?.retired ?? [])].map(({ name }) => name);
  const sites = useAsk(scopes).data?.sites ?? [];
  /** A name that is misspelt would keep nothing: those that there are, are offered. */
  const offered = (name: 'class' | 'site', label: string, data: readonly string[]): ReactNode => (
    <Autocomplete
      label={label}
      placeholder="any"
      limit={50}
      data={[...data]}
      value={draft[name]}
      error={placing.error?.fields[name]}
      onChange={(value) => setDraft((old) => ({ ...old, [name]: value }))}
    />
  );
  const field = (
    name: keyof typeof nothing,
    label: string,
    more: { placeholder?: string; type?: string } = {},
  ): ReactNode => (
    <TextInput
      label={label}
      value={draft[name]}
      className={name === 'reason' || name === 'query' ? 'grow' : ''}
      error={placing.error?.fields[name]}
      {...more}
      onChange={(event) => {
        const { value } = event.currentTarget;
        setDraft((old) => ({ ...old, [name]: value }));
      }}
    />
  );
  return (
    <section className="panel panel-body" aria-label="Place a legal hold">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const { from, through, ...rest } = draft;
          placing.mutate(
            { body: { ...rest, from: momentOf(from, 0), to: momentOf(through, 1) } },
            { onSuccess: () => setDraft(nothing) },
          );
        }}
      >
        <div className="line-form">
          {field('name', 'Name')}
          {field('reason', 'Reason')}
        </div>
        <div className="line-form">
          {offered('class', 'Class', classes)}
          {offered('site', 'Site', sites)}
          {field('query', 'Query', { placeholder: 'all logs' })}
          {field('from', 'From day (UTC)', { type: 'date' })}
          {field('through', 'Through day (UTC)', { type: 'date' })}
        </div>
        <p className="muted">
          A query narrows what is held in the engine. Of the archive whole files are held. A hold is never edited, only
          lifted.
        </p>
        <FormProblem problem={placing.error} known={['name', 'reason', 'query', 'class', 'site']} />
        <div>
          <Button type="submit" loading={placing.isPending}>
            Place the hold
          </Button>
        </div>
      </form>
    </section>
  );
}
