import { Button } from '@mantine/core';
import {
  listChannels,
  listDeliveries,
  listPolicies,
  removeChannel,
  testChannel,
  updateChannel,
  type AlertChannel,
  type ChannelType,
} from '@sightline/contract';
import type { ReactNode } from 'react';
import { Confirm } from '../../components/confirm.tsx';
import { Drawer } from '../../components/drawer.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { RoleNeededDrawer } from '../../components/role-needed.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAct, useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { ChannelForm } from './channel-form.tsx';
import { endingTones, endingWords } from './words.ts';

/** Ways to reach people: what each is, whether it works, and a form for each kind. */
export function Channels(): ReactNode {
  const { may } = useMe();
  const { search, setSearch } = useAddress();
  const asked = useAsk(listChannels, {}, { everyMs: 15_000 });
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={6} />;
  }
  const { channels, types, keptSecret } = asked.data;
  const opened = search['channel'] ?? '';
  const chosen = channels.find((channel) => channel.id === opened);
  const type = types.find(({ name }) => name === (chosen?.type ?? search['kind']));
  const close = (): void => setSearch({ channel: '', kind: '' });
  return (
    <>
      {channels.length === 0 ? (
        <EmptyState
          compact
          title="No channels yet"
          text="A channel is a way to reach people. The first becomes the first step of the default policy."
        />
      ) : (
        <ChannelTable channels={channels} types={types} open={(id) => setSearch({ channel: id }, { push: true })} />
      )}
      {may('admin') && (
        <div className="row add-channel">
          {types.map((one) => (
            <Button
              key={one.name}
              variant={channels.length === 0 ? 'filled' : 'default'}
              onClick={() => setSearch({ channel: 'new', kind: one.name }, { push: true })}
            >
              Add {one.title}
            </Button>
          ))}
        </div>
      )}
      {opened !== '' && !may('admin') && (
        <RoleNeededDrawer title="Channel" need={{ role: 'admin', what: 'change channels' }} onClose={close} />
      )}
      {type !== undefined && may('admin') && (chosen !== undefined || opened === 'new') && (
        <Drawer
          title={chosen?.name ?? `New channel: ${type.title}`}
          label={chosen === undefined ? `New channel: ${type.title}` : `Channel ${chosen.name}`}
          width={560}
          onClose={close}
          actions={chosen !== undefined && <Remove channel={chosen} onDone={close} />}
        >
          <ChannelForm
            key={`${opened} ${type.name}`}
            channel={chosen}
            type={type}
            keptSecret={keptSecret}
            onSaved={(id) => setSearch({ channel: id, kind: '' })}
          />
          {chosen !== undefined && <SendTest channel={chosen} />}
        </Drawer>
      )}
    </>
  );
}

function ChannelTable({
  channels,
  types,
  open,
}: {
  channels: readonly AlertChannel[];
  types: readonly ChannelType[];
  open: (id: string) => void;
}): ReactNode {
  const { may } = useMe();
  return (
    <section className="panel" aria-label="Channels">
      <ScrollX label="Table of channels">
        <table className="table one-line stacks">
          <thead>
            <tr>
              <th>Channel</th>
              <th>Kind</th>
              <th>State</th>
              <th>Told by</th>
              <th>Last delivered</th>
              <th>Changed</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {channels.map((channel) => (
              <tr key={channel.id}>
                <td className="row-name">
                  {may('admin') ? (
                    <button type="button" className="plain-link" onClick={() => open(channel.id)}>
                      <strong>{channel.name}</strong>
                    </button>
                  ) : (
                    <strong>{channel.name}</strong>
                  )}
                </td>
                <td data-title="Kind">{types.find(({ name }) => name === channel.type)?.title ?? channel.type}</td>
                <td>
                  <ChannelState channel={channel} />
                </td>
                <td data-title="Told by">
                  {channel.policies.length === 0 ? (
                    <span className="muted">no policy</span>
                  ) : (
                    channel.policies.join(', ')
                  )}
                </td>
                <td data-title="Last delivered">
                  {channel.lastDeliveredAt === null ? (
                    <span className="muted">never</span>
                  ) : (
                    <TimeText at={channel.lastDeliveredAt} show="relative" />
                  )}
                </td>
                <td data-title="Changed">
                  <TimeText at={channel.updatedAt} show="relative" />{' '}
                  <span className="muted">by {channel.updatedBy}</span>
                </td>
                <td className="number">{may('admin') && <Switch channel={channel} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}

function ChannelState({ channel }: { channel: AlertChannel }): ReactNode {
  if (!channel.enabled) return <ToneBadge tone="idle">off</ToneBadge>;
  if (channel.settings === null) return <ToneBadge tone="bad">settings lost: enter them again</ToneBadge>;
  if (channel.lastError !== '') {
    return (
      <span className="channel-fault" title={channel.lastError}>
        <ToneBadge tone="bad">failing</ToneBadge> <span className="muted">{channel.lastError}</span>
      </span>
    );
  }
  return channel.lastDeliveredAt === null ? (
    <ToneBadge tone="idle">not tried yet</ToneBadge>
  ) : (
    <ToneBadge tone="good">works</ToneBadge>
  );
}

function Switch({ channel }: { channel: AlertChannel }): ReactNode {
  const changing = useAct(updateChannel, [listChannels, listPolicies]);
  const set = async (enabled: boolean) => changing.mutateAsync({ params: { id: channel.id }, body: { enabled } });
  if (!channel.enabled) {
    return (
      <Button variant="default" size="compact-xs" loading={changing.isPending} onClick={() => void set(true)}>
        Switch on
      </Button>
    );
  }
  return (
    <Confirm
      verb="Switch off"
      harmful
      title={`Switch off ${channel.name}`}
      text={usedBy(channel, 'Nothing is sent to it until it is switched on again.')}
      act={async () => set(false)}
    />
  );
}

function Remove({ channel, onDone }: { channel: AlertChannel; onDone: () => void }): ReactNode {
  const removing = useAct(removeChannel, [listChannels, listPolicies]);
  return (
    <Confirm
      verb="Remove"
      harmful
      title={`Remove the channel ${channel.name}`}
      text={usedBy(channel, 'Its settings are deleted. This cannot be undone.')}
      act={async () => {
        await removing.mutateAsync({ params: { id: channel.id } });
        onDone();
      }}
    />
  );
}

function usedBy(channel: AlertChannel, rest: string): string {
  if (channel.policies.length === 0) return `No policy tells it. ${rest}`;
  const policies = channel.policies.length === 1 ? 'The policy' : 'The policies';
  return `${policies} ${channel.policies.join(', ')} will no longer reach anybody through it. ${rest}`;
}

/** The receiver's own answer, as it came. */
function SendTest({ channel }: { channel: AlertChannel }): ReactNode {
  const testing = useAct(testChannel, [listChannels, listPolicies, listDeliveries]);
  const last = testing.data?.log.at(-1);
  return (
    <section className="send-test" aria-label="Test">
      <div className="row">
        <Button
          variant="default"
          loading={testing.isPending}
          onClick={() => testing.mutate({ params: { id: channel.id } })}
        >
          Send a test
        </Button>
        <span className="muted">Sends with what is saved, and shows the answer.</span>
      </div>
      <div role="status">
        {last !== undefined && (
          <p>
            <ToneBadge tone={endingTones[last.ending]}>
              {last.ending === 'retry' ? 'not delivered' : endingWords[last.ending]}
            </ToneBadge>{' '}
            <span className="code test-answer">{last.detail}</span>{' '}
            <span className="muted">in {(last.tookMs / 1000).toFixed(1)} s</span>
          </p>
        )}
        {testing.error !== null && <p className="form-problem">{testing.error.detail}</p>}
      </div>
    </section>
  );
}
