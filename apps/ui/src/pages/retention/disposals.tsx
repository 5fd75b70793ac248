import { listArchiveRecords, type TakenOut } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { formatBytes } from '../../charts/number-format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { Pager } from '../../components/pager.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAsk } from '../../data/ask.ts';

/** What was taken out of the archive: each on a signed record that can be taken along and checked elsewhere. */
export function Disposals(): ReactNode {
  const [cursors, setCursors] = useState<readonly string[]>(['']);
  const before = cursors.at(-1) ?? '';
  const asked = useAsk(listArchiveRecords, { query: before === '' ? {} : { before: Number(before) } });
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={6} />;
  }
  const { available, records, next } = asked.data;
  if (records.length === 0)
    return (
      <EmptyState
        compact
        title={available ? 'Nothing was taken out yet' : 'No archive'}
        text={
          available
            ? 'When the days of a class are over, or somebody destroys its keys, a signed record of it stands here.'
            : 'This server archives nothing: start it with --archive to keep logs, and proof of their deletion.'
        }
      />
    );
  return (
    <section className="panel" aria-label="Taken out of the archive">
      <p className="panel-body muted">
        Each record is signed by this installation. With its text, its signature and the public key anybody can check
        it:{' '}
        <code>openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in record-1.json -sigfile record-1.sig</code>
      </p>
      {!records.every(({ checked }) => checked) && (
        <p className="panel-body" role="status">
          Signatures were not checked: this server does not know the installation’s public key. The process that
          archives tells it when it starts.
        </p>
      )}
      <ScrollX label="Table of what was taken out">
        <table className="table stacks">
          <thead>
            <tr>
              <th>Record</th>
              <th>When</th>
              <th>What</th>
              <th>Why</th>
              <th>Signature</th>
              <th>Take along</th>
            </tr>
          </thead>
          <tbody>
            {records.map((record) => (
              <tr key={record.number}>
                <td data-title="Record">
                  {record.number}
                  <div className="muted code" title={`SHA-256 ${record.sha256}`}>
                    {record.sha256.slice(0, 10)}
                  </div>
                </td>
                <td data-title="When">
                  <TimeText at={record.at} />
                  <div className="muted">{record.by}</div>
                </td>
                <td className="row-name">{whatText(record)}</td>
                <td className="muted" data-title="Why">
                  {record.reason}
                </td>
                <td data-title="Signature">
                  <Signature fault={record.fault} checked={record.checked} />
                </td>
                <td data-title="Take along">
                  <span className="row record-parts">
                    {parts.map(({ part, label }) => (
                      <a key={part} href={`/api/v1/archive/records/${record.number}?part=${part}`} download>
                        {label}
                      </a>
                    ))}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      <Pager cursors={cursors} next={next === null ? '' : String(next)} onChange={setCursors} />
    </section>
  );
}

function Signature({ fault, checked }: Pick<TakenOut, 'fault' | 'checked'>): ReactNode {
  if (fault !== '')
    return (
      <>
        <ToneBadge tone="bad">fault</ToneBadge>
        <div>{fault}</div>
      </>
    );
  return <ToneBadge tone={checked ? 'good' : 'idle'}>{checked ? 'holds' : 'not checked'}</ToneBadge>;
}

const parts = [
  { part: 'record', label: 'Record' },
  { part: 'signature', label: 'Signature' },
  { part: 'key', label: 'Public key' },
] as const;

function whatText({ kind, class: kept, keys, unreadable, files, rows, bytes, firstDay, lastDay }: TakenOut): string {
  if (kind === 'keys-destroyed')
    return `${counted(keys, 'key')} of ${kept === '' ? 'every class' : kept} destroyed: ${counted(unreadable.rows, 'log')} in ${counted(unreadable.files, 'file')} cannot be read any more`;
  const days = firstDay === lastDay ? firstDay : `${firstDay} to ${lastDay}`;
  return `${counted(files, 'file')} of ${days} deleted: ${counted(rows, 'log')}, ${formatBytes(bytes)}`;
}
