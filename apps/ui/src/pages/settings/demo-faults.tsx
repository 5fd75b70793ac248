import { TagsInput } from '@mantine/core';
import { fleet, listFaults, scopes, switchFault } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { Confirm } from '../../components/confirm.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';

type Fault = Reply<typeof listFaults>['faults'][number];

/** Faults of the demo fleet, to see how trouble looks here. */
export function DemoFaults(): ReactNode {
  const asked = useAsk(listFaults, {}, { everyMs: 10_000 });
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={6} />;
  }
  if (!asked.data.available) {
    return (
      <EmptyState
        compact
        title="The demo fleet does not answer"
        text="It is starting, or this server runs without it."
      />
    );
  }
  return (
    <section className="panel" aria-label="Demo faults">
      {asked.data.faults.map((fault) => (
        <FaultRow key={fault.name} fault={fault} />
      ))}
    </section>
  );
}

function FaultRow({ fault }: { fault: Fault }): ReactNode {
  const { may } = useMe();
  const [sites, setSites] = useState<string[]>([]);
  const known = useAsk(scopes);
  const switching = useAct(switchFault, [listFaults, fleet]);
  const where = fault.sites.length === 0 ? 'all stores' : named(fault.sites);
  const wanted = sites.length === 0 ? 'the stores of its choice' : named(sites);
  return (
    <div className="fault">
      <div className="grow">
        <div className="row">
          <strong>{fault.title}</strong>
          <ToneBadge tone={fault.active ? 'bad' : 'idle'}>{fault.active ? `on at ${where}` : 'off'}</ToneBadge>
        </div>
        <p className="muted">{fault.description}</p>
      </div>
      {!fault.active && may('responder') && (
        <TagsInput
          size="xs"
          w={240}
          aria-label={`Stores of the fault ${fault.title}`}
          placeholder={sites.length === 0 ? 'Stores (none: its own choice)' : ''}
          data={known.data?.sites ?? []}
          limit={50}
          maxTags={20}
          value={sites}
          onChange={setSites}
        />
      )}
      {may('responder') && (
        <Confirm
          verb={fault.active ? 'Switch off' : 'Switch on'}
          harmful={!fault.active}
          button={{ size: 'xs' }}
          title={`Switch ${fault.active ? 'off' : 'on'} “${fault.title}”`}
          text={
            fault.active
              ? `The demo stores recover: ${where}.`
              : `${fault.description} It is made at ${wanted} of the demo fleet. Real stores are not touched.`
          }
          act={async () =>
            switching.mutateAsync({ params: { name: fault.name }, body: { active: !fault.active, sites } })
          }
        />
      )}
    </div>
  );
}

function named(sites: readonly string[]): string {
  return sites.length <= 3 ? sites.join(', ') : counted(sites.length, 'store');
}
