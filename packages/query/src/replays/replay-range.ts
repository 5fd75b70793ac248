import type { ParameterValue } from '@sightline/store/port';
import { around } from '../search/key-range.ts';
import type { ReplayRow } from './replays.ts';

/** Client's and server's clocks differ: a minute around the session. */
export const nearby = ({
  startedAt,
  endedAt,
}: Pick<ReplayRow, 'startedAt' | 'endedAt'>): Record<string, ParameterValue> =>
  around('from', 'to', startedAt - 60_000, endedAt + 60_000);
