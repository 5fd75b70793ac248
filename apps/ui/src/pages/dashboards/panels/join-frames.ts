import type { DashboardPanel } from '@sightline/contract';
import type { Column, ColumnValue } from '../../../charts/column-data.ts';
import type { Frame } from '../use-frames.ts';
import { cssColour, formatOfLook, lineOf, lookOf } from './query-look.ts';

/**
 * The queries of a panel over one row of times, each series with what its query has for itself. Queries that answered at other
 * times (a log search counts by buckets of its own) lie among each other: what only others were asked at is no gap.
 */
export function joinFrames(
  frames: readonly Frame[],
  panel: Pick<DashboardPanel, 'unit' | 'options' | 'queries'>,
): { readonly times: readonly number[]; readonly columns: readonly Column[] } {
  const ranges = frames.filter(({ instant }) => !instant);
  const times = joinTimes(ranges.map((frame) => frame.times));
  const columnsOf = (which: 'columns' | 'before'): Column[] =>
    ranges.flatMap((frame) => {
      const look = lookOf(panel.queries.find(({ ref }) => ref === frame.ref));
      const line = lineOf(panel, look);
      const own: Partial<Column> = {
        ...(look?.colour == null ? {} : { colour: cssColour(look.colour) }),
        ...(line === undefined ? {} : { line }),
        ...(look?.axis === 'right' ? { axis: 'right' } : {}),
        ...(look?.draw != null && look.draw !== panel.options.draw ? { draw: look.draw } : {}),
        ...(look === undefined ? {} : { format: formatOfLook(panel, look) }),
      };
      return (frame[which] ?? []).map(({ name, values }): Column => ({
        ...own,
        name: which === 'before' ? `${name} (a week before)` : name,
        values: spread(values, frame.times, times),
        ...(which === 'before' ? { dashed: true } : {}),
      }));
    });
  return { times, columns: [...columnsOf('columns'), ...columnsOf('before')] };
}

/** All times, ascending, each once; the same array where there is but one. */
function joinTimes(lists: readonly (readonly number[])[]): readonly number[] {
  const [first = [], ...rest] = lists;
  const same = rest.every((list) => list.length === first.length && list.every((at, index) => at === first[index]));
  return same ? first : [...new Set(lists.flat())].toSorted((a, b) => a - b);
}

function spread(
  values: readonly (number | null)[],
  own: readonly number[],
  times: readonly number[],
): readonly ColumnValue[] {
  if (own === times || own.length === times.length) return values;
  const at = new Map(own.map((time, index) => [time, values[index] ?? null]));
  return times.map((time) => at.get(time));
}
