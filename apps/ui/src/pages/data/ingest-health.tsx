import { ingestHealth } from '@sightline/contract';
import { formatDuration } from '@sightline/base';
import type { ReactNode } from 'react';
import { formatBytes } from '../../charts/number-format.ts';
import { Lanes } from '../../charts/lanes.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { FoldedNotice } from '../../components/folded-notice.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { Skeleton } from '../../components/skeleton.tsx';
import { ToneBadge, type Tone } from '../../components/state-badge.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { reasonsText, sumOf, uncounted, type LedgerSum } from './ledger-sum.ts';

type Health = Reply<typeof ingestHealth>;

/** Received = accepted + dropped + rejected, visibly; how far behind loading is; what was scrubbed. */
export function IngestHealth(): ReactNode {
  const { query, setRange } = useScope();
  const asked = useAsk(ingestHealth, { query: { from: query.from, to: query.to } }, { everyMs: 10_000 });
  const health = asked.data;
  if (health === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <Skeleton height={480} />;
  }
  return (
    <>
      <FoldedNotice />
      <Figures health={health} />
      {health.rate.length > 0 && (
        <section className="panel" aria-label="Records received">
          <Lanes
            lanes={[{ name: 'Received', unit: 'rec/s', kind: 'bar', points: health.rate }]}
            from={query.from}
            to={query.to}
            onRange={setRange}
          />
        </section>
      )}
      <Ledger health={health} />
      <Sampled health={health} />
      <Scrubbed health={health} />
    </>
  );
}

function Figures({ health }: { health: Health }): ReactNode {
  const fill = health.spoolLimitBytes === 0 ? 0 : health.spoolBytes / health.spoolLimitBytes;
  const lagTone: Tone = health.lagMs > 60_000 ? 'bad' : health.lagMs > 10_000 ? 'warn' : 'good';
  const fillTone: Tone = fill > 0.9 ? 'bad' : fill > 0.6 ? 'warn' : 'good';
  return (
    <dl className="health-figures">
      <div>
        <dt>From received to searchable</dt>
        <dd>
          <ToneBadge tone={lagTone}>
            {health.lagMs < 1 ? 'up to date' : `${formatDuration(health.lagMs)} behind`}
          </ToneBadge>
        </dd>
      </div>
      <div>
        <dt>Waiting to be loaded</dt>
        <dd>{counted(health.waitingRecords, 'record')}</dd>
      </div>
      <div>
        <dt>Spool on disk</dt>
        <dd>
          <ToneBadge tone={fillTone}>
            {formatBytes(health.spoolBytes)} of {formatBytes(health.spoolLimitBytes)}
          </ToneBadge>
          <div
            className="fill"
            role="meter"
            aria-label="Spool fill"
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={Math.round(fill * 100)}
            data-tone={fillTone}
          >
            <div style={{ width: `${Math.min(100, fill * 100)}%` }} />
          </div>
        </dd>
      </div>
      <div>
        <dt>Quarantined</dt>
        <dd>
          <ToneBadge tone={health.quarantined > 0 ? 'warn' : 'good'}>{counted(health.quarantined, 'record')}</ToneBadge>
        </dd>
      </div>
    </dl>
  );
}

function Ledger({ health }: { health: Health }): ReactNode {
  if (health.rows.length === 0) {
    return <EmptyState compact title="Nothing was received" text="No client sent anything in this range." />;
  }
  const sum = sumOf(health.rows);
  return (
    <section className="panel" aria-label="What became of what was received">
      <header className="panel-head">
        <h2>Received = accepted + dropped + rejected</h2>
      </header>
      <ScrollX label="Table of what was received">
        <table className="table ledger one-line stacks">
          <thead>
            <tr>
              <th>Protocol</th>
              <th>Signal</th>
              <th>Key</th>
              <th className="number">Received</th>
              <th aria-hidden>=</th>
              <th className="number">Accepted</th>
              <th aria-hidden>+</th>
              <th className="number">Dropped</th>
              <th aria-hidden>+</th>
              <th className="number">Rejected</th>
              <th>Adds up</th>
              <th>Reasons</th>
              <th className="number">Bytes</th>
            </tr>
          </thead>
          <tbody>
            {health.rows.map((row) => (
              <tr key={`${row.protocol} ${row.signal} ${row.keyId}`}>
                <td>{row.protocol}</td>
                <td data-title="Signal">{row.signal}</td>
                <td data-title="Key">{row.keyName === '' ? '–' : row.keyName}</td>
                <Endings row={row} />
                <td className="muted" data-title="Reasons">
                  {reasonsText(row.reasons)}
                </td>
                <td className="number" data-title="Bytes">
                  {formatBytes(row.bytes)}
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" colSpan={3}>
                Together
              </th>
              <Endings row={sum} />
              <td />
              <td className="number" data-title="Bytes">
                {formatBytes(health.rows.reduce((n, r) => n + r.bytes, 0))}
              </td>
            </tr>
          </tfoot>
        </table>
      </ScrollX>
    </section>
  );
}

function Endings({ row }: { row: LedgerSum }): ReactNode {
  const missing = uncounted(row);
  const count = (n: number, bad = false): ReactNode => (
    <span className={bad && n > 0 ? 'high' : undefined}>{n.toLocaleString('en-US')}</span>
  );
  return (
    <>
      <td className="number" data-title="Received">
        {count(row.received)}
      </td>
      <td className="muted sign">=</td>
      <td className="number" data-title="Accepted">
        {count(row.accepted)}
      </td>
      <td className="muted sign">+</td>
      <td className="number" data-title="Dropped">
        {count(row.dropped)}
      </td>
      <td className="muted sign">+</td>
      <td className="number" data-title="Rejected">
        {count(row.rejected, true)}
      </td>
      <td data-title="Adds up">
        {missing === 0 ? (
          <ToneBadge tone="good">yes</ToneBadge>
        ) : (
          <ToneBadge tone="bad">off by {missing.toLocaleString('en-US')}</ToneBadge>
        )}
      </td>
    </>
  );
}

/** Spans that were accepted, loaded and counted, and then let go; where there are none it stands here only for who asked for it. */
function Sampled({ health }: { health: Health }): ReactNode {
  const { search } = useAddress();
  if (health.sampled.length === 0 && search['sampled'] !== '1') return null;
  return (
    <section className="panel" aria-label="Sampled away">
      <header className="panel-head">
        <h2>Sampled away after it was counted</h2>
      </header>
      {health.sampled.length === 0 ? (
        <p className="panel-body muted">
          Nothing was let go in this range. A policy looks at what is received once it is on, five minutes at a time,
          when nothing of a trace has come for as long as the policy waits: the first decisions are there some ten
          minutes after that wait.
        </p>
      ) : (
        <ScrollX label="Table of what was sampled away">
          <table className="table one-line stacks">
            <thead>
              <tr>
                <th>Policy</th>
                <th>Share of</th>
                <th>Service</th>
                <th className="number">Spans</th>
              </tr>
            </thead>
            <tbody>
              {health.sampled.map(({ policy, rule, service, spans }) => (
                <tr key={`${policy} ${rule} ${service}`}>
                  <td>{policy}</td>
                  <td data-title="Share of">{rule === '' ? 'all others' : rule}</td>
                  <td data-title="Service">{service}</td>
                  <td className="number" data-title="Spans">
                    {spans.toLocaleString('en-US')}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
    </section>
  );
}

function Scrubbed({ health }: { health: Health }): ReactNode {
  return (
    <section className="panel" aria-label="Scrubbed">
      <header className="panel-head">
        <h2>Scrubbed before it was stored</h2>
      </header>
      {health.scrubbed.length === 0 ? (
        <p className="panel-body muted">No rule matched anything in this range.</p>
      ) : (
        <table className="table stacks">
          <thead>
            <tr>
              <th>Rule</th>
              <th>Signal</th>
              <th className="number">Values removed</th>
            </tr>
          </thead>
          <tbody>
            {health.scrubbed.map((s) => (
              <tr key={`${s.rule} ${s.signal}`}>
                <td>{s.rule}</td>
                <td data-title="Signal">{s.signal}</td>
                <td className="number" data-title="Values removed">
                  {s.removed.toLocaleString('en-US')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
