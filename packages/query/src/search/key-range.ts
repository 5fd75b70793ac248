import type { ParameterValue } from '@sightline/store/port';

/** The hour or minute that the sorting keys begin with lets the engine skip to the range. */
export function between(from: string, to: string, digits: 3 | 9 = 3): string {
  const start = digits === 3 ? 'toStartOfHour' : 'toStartOfMinute';
  const at = (name: string): string =>
    digits === 3 ? `fromUnixTimestamp64Milli({${name}:Int64})` : `fromUnixTimestamp64Nano({${name}:Int64} * 1000000)`;
  return `organisation = {organisation:String} AND ${start}(ts) >= ${start}(${at(from)}) AND ${start}(ts) <= ${start}(${at(to)})
    AND ts >= ${at(from)} AND ts < ${at(to)}`;
}

/** What a DateTime of the sorting key can hold. */
const lastMs = 4_294_944_000_000;

/** Parameters for `between`. */
export function around(from: string, to: string, fromMs: number, toMs: number): Record<string, ParameterValue> {
  const held = (ms: number): bigint => BigInt(Math.trunc(Math.min(Math.max(0, ms), lastMs)));
  return { [from]: held(fromMs), [to]: held(toMs) };
}
