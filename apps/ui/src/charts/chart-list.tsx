import { Popover } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { TimeText } from '../components/time-text.tsx';
import type { SearchPatch } from '../data/address.ts';
import { Go } from '../shell/go.tsx';

/** One thing that a chart marks, as a line of a list. */
export interface ChartListRow {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
  /** Said after the text, in figures. */
  readonly value?: string;
  readonly tone?: 'accent' | 'bad' | 'warn';
  /** The page that tells more; without it the line is not pressed. */
  readonly to?: string | undefined;
  readonly search?: SearchPatch | undefined;
}

/**
 * What a chart marks, as a list behind one button: the way for the keyboard, for a finger, and for who wants all of it. `note` says
 * what the list does not hold.
 */
export function ChartList(props: {
  label: string;
  rows: readonly ChartListRow[];
  note?: string | undefined;
}): ReactNode {
  const { label, rows, note } = props;
  const [open, setOpen] = useState(false);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" width="min(440px, 92vw)" trapFocus returnFocus>
      <Popover.Target>
        <button
          type="button"
          className="plain-button chart-list-button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {label} <IconChevronDown size={12} aria-hidden />
        </button>
      </Popover.Target>
      <Popover.Dropdown p={4} className="chart-list-card">
        {note !== undefined && <p className="muted chart-list-note">{note}</p>}
        <ul className="chart-list" aria-label={label}>
          {rows.map((row) => (
            <li key={row.key}>
              {row.to === undefined ? (
                <div className="chart-list-row">
                  <RowText row={row} />
                </div>
              ) : (
                <Go
                  to={row.to}
                  {...(row.search === undefined ? {} : { search: row.search })}
                  className="chart-list-row"
                >
                  <RowText row={row} />
                </Go>
              )}
            </li>
          ))}
        </ul>
      </Popover.Dropdown>
    </Popover>
  );
}

function RowText({ row }: { row: ChartListRow }): ReactNode {
  return (
    <>
      <span className="chart-list-sign" data-tone={row.tone ?? 'accent'} aria-hidden />
      <span className="muted">
        <TimeText at={row.at} show="date-time" />
      </span>
      <span className="grow chart-list-text">{row.text}</span>
      {row.value !== undefined && <span className="number">{row.value}</span>}
    </>
  );
}
