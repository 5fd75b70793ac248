-- Pairs of spans of different services whose later half was received in the window (see edge-step.ts): a child with its parent, and a
-- consumer with each producer that it links to, as OpenTelemetry's messaging conventions have it where a trace does not go on through the queue.
INSERT INTO edges (organisation, minute, caller, callee, message, peer, environment, bucket, calls, errors, duration_ns, lag_ns)
SELECT organisation, toStartOfMinute(began) AS minute, caller, callee, message, peer, environment, bucket, count() AS calls, sum(failed) AS errors,
  sum(lasted) AS duration_ns, sum(if(message = 1, toUInt64(greatest(0, toUnixTimestamp64Nano(began) - caller_ended)), 0)) AS lag_ns
FROM (SELECT organisation, began, caller, callee, message, peer, environment, bucket, failed, lasted, caller_ended, child_received, parent_received
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
  UNION ALL
  -- Parted by the producer's trace, which both halves know. A batch's span counts for each message, of its first 128 links.
  SELECT organisation, began, caller, callee, message, peer, environment, bucket, failed, lasted, caller_ended, child_received, parent_received
  FROM (SELECT organisation, link.1 AS trace_id, link.2 AS id, ts AS began, service AS callee, environment, toUInt8(1) AS message, received_at AS child_received,
      toInt16(floor(log2(greatest(toFloat64(duration_ns), 1)) * 8)) AS bucket, toUInt64(status_code = 2) AS failed, duration_ns AS lasted
    FROM (SELECT * FROM spans PREWHERE ts >= {from_ts:DateTime64(9)} AND ts <= {to_ts:DateTime64(9)} AND kind = 5
      WHERE received_at < fromUnixTimestamp64Milli({to_ms:Int64}) AND notEmpty(links.trace_id) AND attrs['messaging.operation.type'] != 'receive' AND attrs['messaging.operation'] != 'receive') AS consumer
    ARRAY JOIN arrayDistinct(arrayZip(arraySlice(links.trace_id, 1, 128), arraySlice(links.span_id, 1, 128))) AS link
    WHERE cityHash64(link.1) % {parts:UInt32} = {part:UInt32} AND NOT (consumer.trace_id = link.1 AND consumer.parent_id = link.2)
      AND (received_at >= fromUnixTimestamp64Milli({from_ms:Int64}) OR link.1 IN (SELECT trace_id FROM spans PREWHERE ts >= {from_ts:DateTime64(9)} AND ts <= {to_ts:DateTime64(9)} AND kind IN (3, 4)
        WHERE received_at >= fromUnixTimestamp64Milli({from_ms:Int64}) AND received_at < fromUnixTimestamp64Milli({to_ms:Int64}) AND call = 'queue' AND cityHash64(trace_id) % {parts:UInt32} = {part:UInt32}))) AS linked
  INNER JOIN (SELECT organisation, trace_id, span_id AS id, service AS caller, peer, toUnixTimestamp64Nano(ts) + toInt64(duration_ns) AS caller_ended, received_at AS parent_received
    FROM spans PREWHERE ts >= {from_ts:DateTime64(9)} AND ts <= {to_ts:DateTime64(9)} AND kind IN (3, 4)
    WHERE received_at < fromUnixTimestamp64Milli({to_ms:Int64}) AND call = 'queue' AND cityHash64(trace_id) % {parts:UInt32} = {part:UInt32}) AS producer
  USING (organisation, trace_id, id))
WHERE caller != callee AND greatest(child_received, parent_received) >= fromUnixTimestamp64Milli({from_ms:Int64})
GROUP BY organisation, minute, caller, callee, message, peer, environment, bucket
ORDER BY organisation, minute, caller, callee, message, peer, environment, bucket
