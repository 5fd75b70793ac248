import type { LogRow } from '@sightline/contract';
import { memo, type ReactNode } from 'react';
import { SeverityTick } from '../components/severity-tick.tsx';
import { dayAndTime, timeOfDay } from '../components/time-format.ts';
import { LitText } from '../search/lit-text.tsx';
import { lateText } from './arrival.ts';
import './records.css';

interface LogLineProps {
  readonly row: LogRow;
  readonly words: readonly string[];
  readonly onOpen: (id: string) => void;
  readonly active?: boolean;
  /** Show the day as well: for ranges longer than one. */
  readonly withDay?: boolean;
  readonly index?: number;
}

/** One record on one line (two on a phone): time, site, service, severity, message with the matches lit. */
export const LogLine = memo(function LogLine({ row, words, onOpen, active, withDay, index }: LogLineProps): ReactNode {
  const late = lateText(row);
  const time = withDay === true ? dayAndTime(row.at) : timeOfDay(row.at, true);
  return (
    <button
      type="button"
      className="log-line"
      data-severity={row.severity}
      data-index={index}
      aria-current={active === true ? 'true' : undefined}
      onClick={() => onOpen(row.id)}
    >
      <span className="log-time">{time}</span>
      <SeverityTick severity={row.severity} bare />
      <span className="log-site">{row.site || '–'}</span>
      <span className="log-service">{row.service || '–'}</span>
      <span className="log-body">
        {late !== '' && <span className="log-late">{late}</span>}
        <LitText text={oneLine(row.body || row.eventName)} words={words} />
      </span>
    </button>
  );
});

/** Rows show the beginning of a message alone; the drawer has all of it. */
function oneLine(body: string): string {
  return body.slice(0, 600).replaceAll(/\s+/g, ' ');
}
