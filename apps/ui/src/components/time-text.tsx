import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { useNow } from '../data/now.ts';
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
  return (
    <Tooltip label={<Whole at={at} timeZone={timeZone} />}>
      <time dateTime={new Date(at).toISOString()} style={{ whiteSpace: 'nowrap' }}>
        {show === 'relative' ? (
          <Relative at={at} />
        ) : show === 'date-time' ? (
          dayAndTime(at, timeZone)
        ) : (
          timeOfDay(at, show === 'time-ms', timeZone)
        )}
      </time>
    </Tooltip>
  );
}

function Relative({ at }: { at: number }): ReactNode {
  return relative(at, useNow());
}

function Whole({ at, timeZone }: { at: number; timeZone: string | undefined }): ReactNode {
  return `${dayAndTime(at, timeZone)} · ${utcText(at)} · ${relative(at, useNow())}`;
}
