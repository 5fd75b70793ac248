import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';

/** A part of the table `logs`, with many lines. What a part holds never changes: merges and deletions make parts of other names. */
export interface LargePart {
  readonly name: string;
  /** Tells it from every other, also from one that has its name once all logs were dropped. */
  readonly id: string;
  /** None of its lines is earlier, or later, ms. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Reading fewer lines takes less than knowing what they hold. */
const leastPartLines = 500_000;
/** The largest are known; a partition of the engine has a handful. */
const mostParts = 64;

/**
 * The large parts that a range (ms) lies in, the largest first. None of a table that is replicated: what one replica has merged another
 * may still hold.
 */
export async function largeParts(
  reader: TelemetryReader,
  range: { readonly fromMs: number; readonly toMs: number },
  limits: QueryLimits,
  leastLines = leastPartLines,
): Promise<readonly LargePart[]> {
  return reader.query<LargePart>(
    `SELECT name, hash_of_all_files AS id, toFloat64(toUnixTimestamp(min_time)) * 1000 AS fromMs, toFloat64(toUnixTimestamp(max_time)) * 1000 + 999 AS toMs
     FROM system.parts WHERE database = currentDatabase() AND table = 'logs' AND active AND engine = 'MergeTree' AND rows >= {leastLines:UInt64}
     AND max_time >= toDateTime({fromS:UInt32}) AND min_time <= toDateTime({toS:UInt32}) ORDER BY rows DESC LIMIT ${mostParts}`,
    {
      leastLines,
      fromS: Math.max(0, Math.floor(range.fromMs / 1000)),
      toS: Math.max(0, Math.ceil(range.toMs / 1000)),
    },
    limits,
  );
}

/** Whether all of these parts are still there: then each was there all the time since it was listed, and no line was merged out of it. */
export async function stillThere(
  reader: TelemetryReader,
  parts: readonly LargePart[],
  limits: QueryLimits,
): Promise<boolean> {
  if (parts.length === 0) return true;
  const [found] = await reader.query<{ n: number }>(
    `SELECT toUInt32(count()) AS n FROM system.parts WHERE database = currentDatabase() AND table = 'logs' AND active AND has({names:Array(String)}, name)`,
    { names: parts.map(({ name }) => name) },
    limits,
  );
  return found?.n === parts.length;
}

/** Sets of names that are remembered, each of one part and organisation. */
const mostRemembered = 1000;
/** Of resources with more names nothing is remembered. */
const mostNames = 1000;

/** By part and organisation; undefined where there are too many. */
const remembered = new WeakMap<TelemetryReader, Map<string, ReadonlySet<string> | undefined>>();

/** The parts none of whose resources has an attribute of one of these names. What is found of a part is remembered. */
export async function partsWithout(
  reader: TelemetryReader,
  names: readonly string[],
  organisation: string,
  parts: readonly LargePart[],
  limits: QueryLimits,
): Promise<readonly LargePart[]> {
  let known = remembered.get(reader);
  if (!known) remembered.set(reader, (known = new Map()));
  const keyOf = ({ id }: LargePart): string => `${id} ${organisation}`;
  const unknown = parts.filter((part) => !known.has(keyOf(part)));
  if (unknown.length > 0) {
    const parameters: Record<string, ParameterValue> = { organisation };
    const each = unknown.map(({ name }, n) => {
      parameters[`part${n}`] = name;
      return `SELECT ${n} AS n, groupArray(${mostNames + 1})(name) AS names FROM (SELECT DISTINCT arrayJoin(res.keys) AS name FROM logs PREWHERE organisation = {organisation:String} AND indexHint(_part = {part${n}:String}))`;
    });
    const found = await reader.query<{ n: number; names: readonly string[] }>(
      each.join(' UNION ALL '),
      parameters,
      limits,
    );
    for (const { n, names: own } of found) {
      if (known.size >= mostRemembered) known.delete(known.keys().next().value ?? '');
      known.set(keyOf(unknown[n]!), own.length <= mostNames ? new Set(own) : undefined);
    }
  }
  return parts.filter((part) => {
    const own = known.get(keyOf(part));
    return own !== undefined && !names.some((name) => own.has(name));
  });
}
