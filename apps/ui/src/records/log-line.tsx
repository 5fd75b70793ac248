import type { LogRow } from '@sightline/contract';
import { memo, type CSSProperties, type ReactNode } from 'react';
import { SeverityTick } from '../components/severity-tick.tsx';
import { dayAndTime, timeOfDay } from '../components/time-format.ts';
import { LitText } from '../search/lit-text.tsx';
import { lateText } from './arrival.ts';
import { columnValue } from './log-fields.ts';
import './records.css';

interface LogLineProps {
  readonly row: LogRow;
  readonly words: readonly string[];
  /** Lit in the columns too: what somebody looks for in the lines that are there. */
  readonly found?: readonly string[];
  readonly onOpen: (id: string) => void;
  readonly active?: boolean;
  /** Show the day as well: for ranges longer than one. */
  readonly withDay?: boolean;
  readonly index?: number;
  /** Names of fields to show in the place of site and service. */
  readonly columns?: readonly string[] | undefined;
}

/** One record on one line (two on a phone): time, site, service, severity, message with the matches lit. */
export const LogLine = memo(function LogLine(props: LogLineProps): ReactNode {
  const { row, words, found = none, onOpen, active, withDay, index, columns } = props;
  const late = lateText(row);
  const time = withDay === true ? dayAndTime(row.at) : timeOfDay(row.at, true);
  return (
    <button
      type="button"
      className="log-line"
      data-severity={row.severity}
      data-index={index}
      style={columns === undefined ? undefined : columnsStyle(columns.length)}
      data-columns={columns === undefined ? undefined : ''}
      aria-current={active === true ? 'true' : undefined}
      onClick={() => onOpen(row.id)}
    >
      <span className="log-time">{time}</span>
      <SeverityTick severity={row.severity} bare />
      {columns === undefined ? (
        <>
          <span className="log-site">
            <LitText text={row.site || '–'} words={found} />
          </span>
          <span className="log-service">
            <LitText text={row.service || '–'} words={found} />
          </span>
        </>
      ) : (
        columns.map((name) => <Cell key={name} name={name} value={columnValue(row, name)} found={found} />)
      )}
      <span className="log-body">
        {late !== '' && <span className="log-late">{late}</span>}
        <LitText text={oneLine(row.body || row.eventName)} words={words} />
      </span>
    </button>
  );
});

const none: readonly string[] = [];

const columnsStyle = (count: number): CSSProperties => ({
  ['--log-columns' as string]: `repeat(${count}, minmax(56px, 112px))`,
});

function Cell({ name, value, found }: { name: string; value: string; found: readonly string[] }): ReactNode {
  return (
    <span className="log-column" title={`${name}: ${value || 'none'}`}>
      <LitText text={oneLine(value) || '–'} words={found} />
    </span>
  );
}

/** Rows show the beginning of a message alone; the drawer has all of it. */
function oneLine(body: string): string {
  return body.slice(0, 600).replaceAll(/\s+/g, ' ');
}
