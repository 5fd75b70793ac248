import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { dayAndTime, relative, timeOfDay, utcText } from './time-format.ts';

/**
 * A moment (ms since the epoch) in the viewer's zone; UTC and relative on hover.
 * `show`: `time` 21:04:07, `time-ms` 21:04:07.123, `date-time` 20 Nov 21:04:07, `relative` 3 min ago.
 */
export function TimeText(props: {
  at: number;
  show?: 'time' | 'time-ms' | 'date-time' | 'relative';
  timeZone?: string;
}): ReactNode {
  const { at, show = 'date-time', timeZone } = props;
  const local =
    show === 'relative'
      ? relative(at, Date.now())
      : show === 'date-time'
        ? dayAndTime(at, timeZone)
        : timeOfDay(at, show === 'time-ms', timeZone);
  return (
    <Tooltip label={`${dayAndTime(at, timeZone)} · ${utcText(at)} · ${relative(at, Date.now())}`}>
      <time dateTime={new Date(at).toISOString()} style={{ whiteSpace: 'nowrap' }}>
        {local}
      </time>
    </Tooltip>
  );
}
