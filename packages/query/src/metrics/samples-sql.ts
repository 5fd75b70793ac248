/**
 * SQL over `series` and `samples` that the metric explorer, the fleet page and the site page share. Bound by the caller:
 * `organisation`, `fromMs`, `toMs`, and where named `stepMs` and `lookbackMs`.
 */

/** How far before the range a counter's last sample is sought, so that the first bucket has its increase as well. */
export const counterLookbackMs = 300_000;

/** `samples.ts` inside [fromMs, toMs), with the organisation first, as the sorting key wants it. */
export const samplesInRange = `organisation = {organisation:String}
    AND ts >= fromUnixTimestamp64Milli({fromMs:Int64}) AND ts < fromUnixTimestamp64Milli({toMs:Int64}) AND isFinite(value)`;

/**
 * Increase of one counter within an array of (ts, value) sorted by time: a fall is a restart from zero, so the value
 * after it counts whole (https://prometheus.io/docs/prometheus/latest/querying/functions/#increase).
 */
export function increaseOf(values: string): string {
  return `arraySum(arrayMap((now, before) -> if(now >= before, now - before, now), arrayPopFront(${values}), arrayPopBack(${values})))`;
}

/**
 * One row per series and bucket of the counters in `fps` (a SELECT of `fp` and `temporality`): `increase`, the `elapsedMs`
 * it took, and `at`, the bucket's start. Cumulative counters are differenced over buckets and resets; delta ones are
 * summed. A bucket without a sample has no row; the increase over a gap stands in the bucket that ends it.
 */
export function counterBuckets(fps: string): string {
  return `SELECT fp, at, if(temporality = 1, total, within + if(isNull(before), 0, if(head >= before, head - before, head))) AS increase,
    if(temporality = 1, {stepMs:Int64}, tailMs - ifNull(beforeMs, headMs)) AS elapsedMs,
    temporality = 1 OR isNotNull(before) OR tailMs > headMs AS known
  FROM (SELECT fp, temporality, bucket * {stepMs:Int64} AS at, total, within, head, headMs, tailMs,
      lagInFrame(toNullable(tail)) OVER w AS before, lagInFrame(toNullable(tailMs)) OVER w AS beforeMs
    FROM (SELECT fp, intDiv(toUnixTimestamp64Milli(ts), {stepMs:Int64}) AS bucket, any(s.temporality) AS temporality,
        arraySort(groupArray((toUnixTimestamp64Milli(ts), value))) AS pairs, tupleElement(pairs, 2) AS v,
        arraySum(v) AS total, ${increaseOf('v')} AS within, v[1] AS head, v[-1] AS tail,
        tupleElement(pairs[1], 1) AS headMs, tupleElement(pairs[-1], 1) AS tailMs
      FROM samples INNER JOIN (${fps}) AS s USING (fp)
      WHERE organisation = {organisation:String} AND isFinite(value)
        AND ts >= fromUnixTimestamp64Milli({fromMs:Int64} - {lookbackMs:Int64}) AND ts < fromUnixTimestamp64Milli({toMs:Int64})
        AND fp IN (SELECT fp FROM (${fps}))
      GROUP BY fp, bucket)
    WINDOW w AS (PARTITION BY fp ORDER BY bucket ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
  WHERE known AND at + {stepMs:Int64} > {fromMs:Int64}`;
}
