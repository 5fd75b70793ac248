import type { Condition } from '../search/scope.ts';

/** As many stretches a sample is spread over: records lie in order of time, so that what lies between them is not read. */
const stretches = 300;
/** Fewer tell too little of the range, and a denser sample leaves hardly anything unread. */
const leastStretches = 30;
const leastEvery = 4;

/**
 * A condition on `logs` that keeps one second in `every`: the range is cut into some 300 parts of the same length, and of each a stretch of the same
 * length counts, at a place of its own so that nothing periodic falls in step with it. The table's key leads to them. Undefined where the
 * range is too short, or the sample too dense, for that.
 */
export function evenStretches(
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  every: number,
): Condition | undefined {
  const rangeS = Math.ceil((toMs - fromMs) / 1000);
  const wantedS = Math.max(1, Math.round(rangeS / (every * stretches)));
  // Long ones in whole minutes: the list of what counts stays short.
  const unitS = wantedS >= 120 ? 60 : 1;
  const taken = Math.round(wantedS / unitS);
  const part = taken * every;
  const parts = Math.ceil(rangeS / (part * unitS)) + 1;
  if (every < leastEvery || parts < leastStretches) return undefined;
  const at = `toDateTime({sampleFromS:Int64} + {sampleUnitS:Int64} * (number * {samplePart:Int64} + cityHash64(number) % {samplePlaces:Int64} + arrayJoin(range({sampleTaken:UInt32}))))`;
  const counted = `FROM numbers({sampleParts:UInt32})`;
  return {
    sql:
      unitS === 60
        ? `toStartOfMinute(ts) IN (SELECT ${at} ${counted})`
        : `(toStartOfMinute(ts), toDateTime(ts)) IN (SELECT toStartOfMinute(at), at FROM (SELECT ${at} AS at ${counted}))`,
    parameters: {
      sampleFromS: Math.floor(fromMs / 1000 / unitS) * unitS,
      sampleUnitS: unitS,
      samplePart: part,
      samplePlaces: part - taken + 1,
      sampleTaken: taken,
      sampleParts: parts,
    },
  };
}
