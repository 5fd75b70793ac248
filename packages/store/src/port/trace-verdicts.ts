import type { SamplingPolicy } from '@sightline/record';
import type { ParameterValue } from './index.ts';

/** Parts of a million: as fine as a share can be. */
const hashParts = 1_000_000;

/**
 * What a sampling policy says of traces, as SQL: one row a trace with `verdict` (`error`, `slow`, `share` or `dropped`), `rule` (the
 * service whose share counts, '' for that of all others), `per` (spans by service), `total`, `first`, `last` (start) and `newest`
 * (receipt). `spans` is what follows FROM: the spans of whole traces of one organisation. `errors` and `gone` are SQL of the
 * trace ids that have an error record, and of those that were let go before. The share is taken of the id's hash, so that
 * a trace is decided the same way whenever it is asked.
 */
export function traceVerdicts(
  policy: SamplingPolicy,
  parts: { readonly spans: string; readonly errors: string; readonly gone: string },
): { readonly sql: string; readonly parameters: Readonly<Record<string, ParameterValue>> } {
  return {
    sql: `SELECT trace_id, total, per, first, last, newest,
        arrayMap(s -> transform(s, {rule_services:Array(String)}, {rule_shares:Array(Float64)}, toFloat64(-1)), mapKeys(per)) AS shares, arrayMax(shares) AS best,
        if(best < 0, '', mapKeys(per)[indexOf(shares, best)]) AS rule,
        multiIf(failed = 1 OR trace_id IN (${parts.errors}), 'error', longest >= {slow_ns:UInt64}, 'slow',
          cityHash64(trace_id) % ${hashParts} < toUInt64(round(if(best < 0, {share:Float64}, best) * ${hashParts})) AND trace_id NOT IN (${parts.gone}), 'share', 'dropped') AS verdict
      FROM (SELECT trace_id, count() AS total, sumMap(map(toString(service), toUInt64(1))) AS per, min(ts) AS first, max(ts) AS last, max(received_at) AS newest,
          max(status_code = 2) AS failed, max(duration_ns) AS longest
        FROM ${parts.spans} GROUP BY trace_id)`,
    parameters: {
      // An empty list has no type of its own: a service that cannot be stands for it.
      rule_services: ['\0', ...policy.services.map(({ service }) => service)],
      rule_shares: [-1, ...policy.services.map(({ share }) => share)],
      share: policy.share,
      slow_ns: policy.slowMs === null ? 2n ** 64n - 1n : BigInt(Math.round(policy.slowMs * 1e6)),
    },
  };
}
