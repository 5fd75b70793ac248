-- Traces whose last span came in the window and that the policy does not keep; see sampling-step.ts.
INSERT INTO sampled_traces (organisation, trace_id, slot, decided_at, policy, rule, services, spans, first_ts, last_ts)
SELECT {organisation:String} AS organisation, trace_id, toDateTime(fromUnixTimestamp64Milli({from_ms:Int64})) AS slot, fromUnixTimestamp64Milli({now:Int64}) AS decided_at,
  {policy:String} AS policy, rule, mapKeys(per) AS services, mapValues(per) AS spans, first AS first_ts, last AS last_ts
FROM ({verdicts})
WHERE verdict = 'dropped' AND newest < fromUnixTimestamp64Milli({to_ms:Int64})
ORDER BY trace_id
