import { firstRecord, listClients } from '@sightline/contract';
import { IconCopy } from '@tabler/icons-react';
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { copyText } from '../../components/copy.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { Skeleton } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { Go } from '../../shell/go.tsx';
import { fillSnippet } from './fill-snippet.ts';
import { NewestRecord } from './newest-record.tsx';

const pageOf: Readonly<Record<string, string>> = {
  logs: '/logs',
  spans: '/traces',
  traces: '/traces',
  metrics: '/metrics',
  points: '/metrics',
  samples: '/metrics',
  errors: '/errors',
  replays: '/replays',
  profiles: '/traces',
  feedback: '/feedback',
  checks: '/monitors',
};

/** One and many of the records whose signal does not say it. A recorded session arrives in parts, each of them a record. */
const nounOf: Readonly<Record<string, readonly [one: string, many: string]>> = {
  replays: ['part of replays', 'parts of replays'],
  feedback: ['feedback', 'feedback'],
};

function nounsOf(signal: string): readonly [string, string] {
  return nounOf[signal] ?? [signal.replace(/s$/, ''), signal.replace(/s?$/, 's')];
}

/** A snippet per client that works when pasted, and a light that turns green on the first record. */
export function SendData(): ReactNode {
  const { search, setSearch } = useAddress();
  const asked = useAsk(listClients);
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <Skeleton height={360} />;
  }
  const { clients, ...values } = asked.data;
  const client = clients.find((c) => c.name === search['client']) ?? clients[0];
  if (client === undefined) {
    return <EmptyState title="No way in is switched on" text="Switch a protocol on in the server's settings." />;
  }
  const snippet = fillSnippet(client.snippet, values);
  const install = fillSnippet(client.install, values);
  return (
    <div className="send">
      <ul className="send-clients" aria-label="Clients">
        {clients.map((c) => (
          <li key={c.name}>
            <button
              type="button"
              className="send-client"
              aria-pressed={c === client}
              onClick={() => setSearch({ client: c.name }, { push: true })}
            >
              {c.title}
            </button>
          </li>
        ))}
      </ul>
      <section className="panel send-how" aria-label={client.title}>
        <header className="panel-head">
          <h2 className="grow">{client.title}</h2>
        </header>
        <div className="panel-body stack">
          <Arrival protocol={client.protocol} />
          {install !== '' && <Snippet title="Install" text={install} />}
          <Snippet title="Point it here: address and key are filled in" text={snippet} />
          {values.key === '' && (
            <p className="muted">
              There is no key for sending yet.{' '}
              <Go to="/settings" search={{ tab: 'keys' }}>
                Create one
              </Go>{' '}
              and it is filled in here.
            </p>
          )}
        </div>
      </section>
    </div>
  );
}

function Arrival({ protocol }: { protocol: string }): ReactNode {
  const asked = useAsk(firstRecord, { query: { since: 0 } }, { everyMs: 2_000 });
  const mine = (asked.data?.protocols ?? []).filter((p) => p.protocol === protocol && p.records > 0);
  if (mine.length === 0) {
    return (
      <p className="arrival" role="status" data-tone="idle">
        <ToneBadge tone="idle">waiting</ToneBadge> The light turns green with the first record. We look every 2 s.
      </p>
    );
  }
  return (
    <div className="arrival" role="status" data-tone="good">
      <ToneBadge tone="good">arriving</ToneBadge>
      {mine.map((p) => (
        <span key={p.signal} className="arrival-signal">
          <span>
            {counted(p.records, ...nounsOf(p.signal))}, newest <TimeText at={p.lastAt} show="relative" />{' '}
            {pageOf[p.signal] !== undefined && <Go to={pageOf[p.signal] ?? '/'}>see them</Go>}
          </span>
          <NewestRecord signal={p.signal} at={p.lastAt} />
        </span>
      ))}
    </div>
  );
}

function Snippet({ title, text }: { title: string; text: string }): ReactNode {
  return (
    <div className="snippet">
      <div className="row">
        <span className="muted grow">{title}</span>
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<IconCopy size={12} aria-hidden />}
          onClick={() => void copyText(text, title.split(':')[0] ?? title)}
        >
          Copy
        </Button>
      </div>
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}
