import { Select } from '@mantine/core';
import { listChannels, listDeliveries, type Delivery } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { Drawer } from '../../components/drawer.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { Pager } from '../../components/pager.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { Go } from '../../shell/go.tsx';
import { endingTones, endingWords, kindWords, statusTones, statusWords } from './words.ts';

type Status = Delivery['status'] | '';
const statuses: readonly Status[] = ['', 'waiting', 'delivered', 'failed', 'cancelled'];

/** Every message with every attempt, newest first. */
export function Deliveries(): ReactNode {
  const { search, setSearch } = useAddress();
  const [cursors, setCursors] = useState<readonly string[]>(['']);
  const status = statuses.find((one) => one === search['status']) ?? '';
  const channel = search['through'] ?? '';
  const asked = useAsk(
    listDeliveries,
    { query: { limit: 100, cursor: cursors.at(-1) ?? '', status, channel } },
    { everyMs: 5000 },
  );
  const channels = useAsk(listChannels);
  function filter(patch: Readonly<Record<string, string>>): void {
    setCursors(['']);
    setSearch(patch);
  }
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={10} />;
  }
  const { deliveries, next } = asked.data;
  const at = deliveries.findIndex(({ id }) => id === search['delivery']);
  const opened = deliveries[at];
  const open = (id: string | undefined): void => setSearch({ delivery: id }, { push: true });
  const filtered = status !== '' || channel !== '';
  return (
    <>
      <div className="row delivery-filters">
        <Select
          aria-label="Status"
          placeholder="Any ending"
          w={150}
          clearable
          data={statuses.filter((one) => one !== '').map((value) => ({ value, label: statusWords[value] }))}
          value={status === '' ? null : status}
          onChange={(value) => filter({ status: value ?? '' })}
        />
        <Select
          aria-label="Channel"
          placeholder="Any channel"
          w={200}
          clearable
          searchable
          data={(channels.data?.channels ?? []).map(({ id, name }) => ({ value: id, label: name }))}
          value={channel === '' ? null : channel}
          onChange={(value) => filter({ through: value ?? '' })}
        />
      </div>
      {deliveries.length === 0 ? (
        <EmptyState
          compact
          title={filtered ? 'No such messages' : 'Nothing was sent yet'}
          text="Each message to a channel is written here, with every attempt and what the receiver answered."
        />
      ) : (
        <section className="panel" aria-label="Deliveries">
          <ScrollX label="Table of deliveries">
            <DeliveryTable deliveries={deliveries} opened={opened} open={open} />
          </ScrollX>
          <Pager cursors={cursors} next={next} onChange={setCursors} />
        </section>
      )}
      {opened !== undefined && (
        <Drawer
          title={`${opened.channelName}: ${titleOf(opened)}`}
          label={`Message to ${opened.channelName}`}
          width={560}
          onClose={() => setSearch({ delivery: '' })}
          onNext={at + 1 < deliveries.length ? () => open(deliveries[at + 1]?.id) : undefined}
          onPrevious={at > 0 ? () => open(deliveries[at - 1]?.id) : undefined}
        >
          <DeliveryDetail delivery={opened} />
        </Drawer>
      )}
    </>
  );
}

function titleOf({ incident, kind }: Delivery): string {
  return incident === null ? kindWords[kind] : `#${incident.number} ${kindWords[kind]}`;
}

function DeliveryTable({
  deliveries,
  opened,
  open,
}: {
  deliveries: readonly Delivery[];
  opened: Delivery | undefined;
  open: (id: string) => void;
}): ReactNode {
  return (
    <table className="table one-line stacks">
      <thead>
        <tr>
          <th>Asked for</th>
          <th>Ending</th>
          <th>Through</th>
          <th>Message</th>
          <th>About</th>
          <th className="number">Tries</th>
          <th>Last answer</th>
        </tr>
      </thead>
      <tbody>
        {deliveries.map((delivery) => (
          <tr key={delivery.id} aria-selected={delivery === opened ? true : undefined}>
            <td data-title="Asked for">
              <TimeText at={delivery.createdAt} />
            </td>
            <td>
              <ToneBadge tone={statusTones[delivery.status]}>{statusWords[delivery.status]}</ToneBadge>
            </td>
            <td className="wraps" data-title="Through">
              {delivery.channelName}
            </td>
            <td data-title="Message">
              <button type="button" className="plain-link" onClick={() => open(delivery.id)}>
                {kindWords[delivery.kind]}
              </button>
            </td>
            <td className="row-name">
              {delivery.incident === null ? (
                <span className="muted">–</span>
              ) : (
                <Go to={`/incidents/${delivery.incident.number}`}>
                  #{delivery.incident.number} {delivery.incident.title}
                </Go>
              )}
            </td>
            <td className="number" data-title="Tries">
              {delivery.attempts}
            </td>
            <td className="muted wraps" data-title="Last answer">
              {delivery.log.at(-1)?.detail ?? ''}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function DeliveryDetail({ delivery }: { delivery: Delivery }): ReactNode {
  return (
    <div className="drawer-parts">
      <div className="facts-row">
        <ToneBadge tone={statusTones[delivery.status]}>{statusWords[delivery.status]}</ToneBadge>
        {delivery.status === 'waiting' && (
          <span>
            next try <TimeText at={delivery.nextAt} show="relative" />
          </span>
        )}
        {delivery.incident !== null && (
          <Go to={`/incidents/${delivery.incident.number}`}>
            #{delivery.incident.number} {delivery.incident.title}
          </Go>
        )}
        {delivery.receivers.length > 0 && <span>to {delivery.receivers.join(', ')}</span>}
        <span className="muted code">{delivery.id}</span>
      </div>
      {delivery.note !== '' && <p>{delivery.note}</p>}
      <section aria-label="Attempts">
        <h3 className="part-title">Attempts</h3>
        {delivery.log.length === 0 ? (
          <p className="muted">None yet.</p>
        ) : (
          <ol className="attempts">
            {delivery.log.map((attempt) => (
              <li key={attempt.at}>
                <TimeText at={attempt.at} show="time-ms" />{' '}
                <ToneBadge tone={endingTones[attempt.ending]}>{endingWords[attempt.ending]}</ToneBadge>{' '}
                <span className="muted">in {(attempt.tookMs / 1000).toFixed(1)} s</span>
                <div className="code test-answer">{attempt.detail}</div>
              </li>
            ))}
          </ol>
        )}
      </section>
    </div>
  );
}
