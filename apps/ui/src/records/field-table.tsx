import { ActionIcon } from '@mantine/core';
import { IconCopy, IconZoomIn, IconZoomOut } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { copyText } from '../components/copy.ts';
import type { LogField } from './log-fields.ts';
import './records.css';

interface FieldTableProps {
  readonly fields: readonly LogField[];
  /** Without it the fields can be read and copied only. */
  readonly onFilter?: ((field: string, value: string, out: boolean) => void) | undefined;
}

/** Fields of a record with what can be done with each: filter for it, filter it out, copy it. */
export function FieldTable({ fields, onFilter }: FieldTableProps): ReactNode {
  return (
    <table className="field-table">
      <tbody>
        {fields.map(({ label, value, search, group }) => (
          <tr key={`${group} ${label}`}>
            <th scope="row" title={label}>
              {label}
            </th>
            <td className="code">{value === '' ? <span className="muted">(empty)</span> : value}</td>
            <td className="field-acts">
              {onFilter !== undefined && search !== '' && (
                <>
                  <Act
                    label={`Filter for ${label}`}
                    run={() => onFilter(search, value, false)}
                    icon={<IconZoomIn size={14} />}
                  />
                  <Act
                    label={`Filter out ${label}`}
                    run={() => onFilter(search, value, true)}
                    icon={<IconZoomOut size={14} />}
                  />
                </>
              )}
              <Act label={`Copy ${label}`} run={() => void copyText(value, label)} icon={<IconCopy size={14} />} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Act({ label, run, icon }: { label: string; run: () => void; icon: ReactNode }): ReactNode {
  return (
    <ActionIcon variant="subtle" color="gray" size={24} aria-label={label} title={label} onClick={run}>
      {icon}
    </ActionIcon>
  );
}
