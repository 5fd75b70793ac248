import type { ParameterValue } from '@sightline/store/port';
import { growingWindows, type Window } from '../search/scope.ts';
import { hotTerms, latestHotFrom, type HotDays } from './archive-reach.ts';
import { hotLogs, onlyFrom, stretchOf, volumeFrom, type LogReach, type LogSource } from './log-reach.ts';

/** Archived records that are back in the engine. */
export interface RestoredLogs {
  readonly id: string;
  /** Days of receipt, `YYYY-MM-DD` in UTC, both included. */
  readonly fromDay: string;
  readonly toDay: string;
  /** '' for any. */
  readonly site: string;
  readonly class: string;
}

const dayMs = 86_400_000;

/**
 * A search of the engine with what was restored to it. A record whose class still has its days in the engine is read there; an older
 * one that belongs to a restore is read among the restored ones, whether or not the engine has let go of it yet.
 */
export function restoredReach(parts: {
  readonly restored: readonly RestoredLogs[];
  readonly nowMs: number;
  readonly hot: HotDays;
}): LogReach {
  const { sql, parameters } = hotTerms(parts);
  const hot: LogSource = {
    ...hotLogs,
    condition: `(${sql} OR NOT (${parts.restored.map((_, n) => ofRestore(n)).join(' OR ')}))`,
    parameters: { ...parameters, ...restoreParameters(parts.restored) },
  };
  const back: LogSource = {
    table: 'restored_logs',
    filter: 'PREWHERE',
    condition: `restore IN {restores:Array(String)} AND NOT ${sql}`,
    parameters: { ...parameters, restores: parts.restored.map(({ id }) => id) },
    place: 'restored',
  };
  return {
    archive: false,
    budgetBytes: Infinity,
    mayGoOn: () => true,
    limits: {},
    volumeFromMs: volumeFrom(parts.nowMs),
    whole: async (range) => stretchOf(range, [hot, back]),
    sites: async () => undefined,
    plan: async (range, order, growing) => {
      const hotFromNs = BigInt(Math.ceil(latestHotFrom(parts))) * 1_000_000n;
      const cut = (window: Window): Window[] =>
        window.fromNs >= window.toNs ? [] : growing ? [...growingWindows(window, order)] : [window];
      const recent = cut({ fromNs: range.fromNs > hotFromNs ? range.fromNs : hotFromNs, toNs: range.toNs });
      const old = cut({ fromNs: range.fromNs, toNs: range.toNs < hotFromNs ? range.toNs : hotFromNs });
      const stretches = [
        recent.map((window) => onlyFrom(window, hotLogs)),
        old.map((window) => stretchOf(window, [hot, back])),
      ];
      return (order === 'newest' ? stretches : stretches.toReversed()).flat();
    },
  };
}

const ofRestore = (n: number): string =>
  `(received_at >= fromUnixTimestamp64Milli({restoreFrom${n}:Int64}) AND received_at < fromUnixTimestamp64Milli({restoreTo${n}:Int64})
    AND ({restoreSite${n}:String} = '' OR site = {restoreSite${n}:String}) AND ({restoreClass${n}:String} = '' OR class = {restoreClass${n}:String}))`;

const restoreParameters = (restored: readonly RestoredLogs[]): Record<string, ParameterValue> =>
  Object.fromEntries(
    restored.flatMap(({ fromDay, toDay, site, class: kept }, n) => [
      [`restoreFrom${n}`, Date.parse(fromDay)],
      [`restoreTo${n}`, Date.parse(toDay) + dayMs],
      [`restoreSite${n}`, site],
      [`restoreClass${n}`, kept],
    ]),
  );
