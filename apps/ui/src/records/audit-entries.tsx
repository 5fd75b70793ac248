import type { ReactNode } from 'react';
import { ScrollX } from '../components/scroll-x.tsx';
import { TimeText } from '../components/time-text.tsx';

interface AuditEntry {
  readonly id: string | number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: string;
  /** From where, in the trail of a whole organisation. */
  readonly address?: string;
}

/** Entries of the audit trail, one a line. `label` is read aloud. */
export function AuditEntries(props: {
  readonly label: string;
  readonly entries: readonly AuditEntry[];
  readonly withAddress?: boolean;
}): ReactNode {
  return (
    <ScrollX label={props.label}>
      <table className="table one-line stacks">
        <thead>
          <tr>
            <th>When</th>
            <th>Who</th>
            <th>What</th>
            <th>On</th>
            <th>Detail</th>
            {props.withAddress === true && <th>From</th>}
          </tr>
        </thead>
        <tbody>
          {props.entries.map((entry) => (
            <tr key={entry.id}>
              <td>
                <TimeText at={entry.at} />
              </td>
              <td data-title="Who">{entry.actor}</td>
              <td className="code" data-title="What">
                {entry.action}
              </td>
              <td data-title="On">{entry.subject}</td>
              <td className="muted" data-title={entry.detail === '' ? undefined : 'Detail'}>
                {entry.detail}
              </td>
              {props.withAddress === true && (
                <td className="muted" data-title="From">
                  {entry.address}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollX>
  );
}
