-- Pairs of parent and child of different services whose later half was received in the window; see edge-step.ts.
INSERT INTO edges (organisation, minute, caller, callee, message, peer, environment, bucket, calls, errors, duration_ns, lag_ns)
SELECT organisation, toStartOfMinute(began) AS minute, caller, callee, message, peer, environment, bucket, count() AS calls, sum(failed) AS errors,
  sum(lasted) AS duration_ns, sum(if(message = 1, toUInt64(greatest(0, toUnixTimestamp64Nano(began) - caller_ended)), 0)) AS lag_ns
FROM (SELECT organisation, trace_id, parent_id AS id, ts AS began, service AS callee, environment, toUInt8(kind = 5) AS message, received_at AS child_received,
    toInt16(floor(log2(greatest(toFloat64(duration_ns), 1)) * 8)) AS bucket, toUInt64(status_code = 2) AS failed, duration_ns AS lasted
  FROM spans PREWHERE ts >= {from_ts:DateTime64(9)} AND ts <= {to_ts:DateTime64(9)} AND trace_id IN (SELECT trace_id FROM spans PREWHERE ts >= {from_ts:DateTime64(9)} AND ts <= {to_ts:DateTime64(9)}
      AND received_at >= fromUnixTimestamp64Milli({from_ms:Int64}) AND received_at < fromUnixTimestamp64Milli({to_ms:Int64}) AND cityHash64(trace_id) % {parts:UInt32} = {part:UInt32})
  WHERE received_at < fromUnixTimestamp64Milli({to_ms:Int64}) AND parent_id != toFixedString('', 8)) AS child
INNER JOIN (SELECT organisation, trace_id, span_id AS id, service AS caller, if(call IN ('external', 'queue'), peer, '') AS peer,
    toUnixTimestamp64Nano(ts) + toInt64(duration_ns) AS caller_ended, received_at AS parent_received
  FROM spans PREWHERE ts >= {from_ts:DateTime64(9)} AND ts <= {to_ts:DateTime64(9)} AND trace_id IN (SELECT trace_id FROM spans PREWHERE ts >= {from_ts:DateTime64(9)} AND ts <= {to_ts:DateTime64(9)}
      AND received_at >= fromUnixTimestamp64Milli({from_ms:Int64}) AND received_at < fromUnixTimestamp64Milli({to_ms:Int64}) AND cityHash64(trace_id) % {parts:UInt32} = {part:UInt32})
  WHERE received_at < fromUnixTimestamp64Milli({to_ms:Int64})) AS parent
USING (organisation, trace_id, id)
WHERE caller != callee AND greatest(child_received, parent_received) >= fromUnixTimestamp64Milli({from_ms:Int64})
GROUP BY organisation, minute, caller, callee, message, peer, environment, bucket
ORDER BY organisation, minute, caller, callee, message, peer, environment, bucket
