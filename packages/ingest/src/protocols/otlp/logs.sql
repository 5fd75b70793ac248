-- OTLP log requests of one segment into `logs`. What an agent forwarded (`kept_at`) is its own site's, whatever it names. Innermost first: the segment's frames, their resources (scrubbed and
-- asked for their identity once each), their records, the texts of a record glued together, scrubbed as one, and taken apart again. A name that is used more than once is made one level
-- further in: within one level the engine writes out what a name stands for each time.
INSERT INTO logs (organisation, site, device, environment, service, release, ts, received_at, severity, severity_text, event_name, body,
  trace_id, span_id, flags, correlation_id, scope_name, res, attrs)
SELECT organisation,
  if(kept_at > 0, key_site, first_of(res_site, of_kind(1, kinds, vals), key_site)) AS site,
  first_of(res_device, of_kind(2, kinds, vals), first_of(key_device, res_host, '')) AS device,
  first_of(res_environment, of_kind(4, kinds, vals), key_environment) AS environment,
  first_of(res_service, of_kind(5, kinds, vals), first_of(key_service, 'unknown', '')) AS service,
  first_of(res_release, of_kind(6, kinds, vals), '') AS release,
  nano(if(lr.time_unix_nano > 0, toUInt64(lr.time_unix_nano - skew_ns), if(lr.observed_time_unix_nano > 0, toUInt64(lr.observed_time_unix_nano - skew_ns), fallback_at))) AS ts,
  arrival(received_at) AS received_at, severity_of(lr.severity_number, lr.severity_text) AS severity, lr.severity_text AS severity_text, lr.event_name AS event_name, texts[1] AS body,
  fix16(lr.trace_id) AS trace_id, fix8(lr.span_id) AS span_id, toUInt8(bitAnd(lr.flags, 255)) AS flags,
  first_of(vals[arrayFirstIndex(k -> k >= 7, kinds)], res_correlation, '') AS correlation_id,
  scope_name, mapFromArrays(res_keys, res_vals) AS res, mapFromArrays(keys, vals) AS attrs
FROM (SELECT *, hide_secrets(keys, arrayResize(arraySlice(texts, 2), length(keys))) AS vals
  FROM (SELECT * EXCEPT (glued), kinds_of(keys) AS kinds, scrub_record(arrayPushFront(keys, 'body'), glued) AS texts
    FROM (SELECT *, toValidUTF8(glue(arrayPushFront(otlp_values(lr.attributes), otlp_text(lr.body)))) AS glued, lr.attributes.key AS keys
      FROM (SELECT * EXCEPT (sl), sl.scope.name AS scope_name, arrayJoin(sl.log_records) AS lr
        FROM (SELECT * EXCEPT (rl), arrayJoin(rl.scope_logs) AS sl
          FROM (SELECT *, of_kind(1, res_kinds, res_vals) AS res_site, of_kind(2, res_kinds, res_vals) AS res_device, of_kind(3, res_kinds, res_vals) AS res_host,
            of_kind(4, res_kinds, res_vals) AS res_environment, of_kind(5, res_kinds, res_vals) AS res_service, of_kind(6, res_kinds, res_vals) AS res_release,
            of_kind(7, res_kinds, res_vals) AS res_correlation
            FROM (SELECT *, arrayConcat(rl.resource.attributes.key, if(skew_ms = 0, [], ['sightline.clock_skew_ms'])) AS res_keys, kinds_of(rl.resource.attributes.key) AS res_kinds,
              arrayConcat(otlp_scrubbed(rl.resource.attributes), if(skew_ms = 0, [], [toString(skew_ms)])) AS res_vals
              FROM (SELECT organisation, key_site, key_device, key_environment, key_service, received_at, kept_at, skew_ms, skew_ms * 1000000 AS skew_ns, if(kept_at > 0, kept_at, received_at) AS fallback_at, arrayJoin(request.resource_logs) AS rl
                FROM file({segment}, Protobuf, 'organisation String, key_site String, key_device String, key_environment String, key_service String, received_at UInt64, skew_ms Int64, kept_at UInt64,
                  request Tuple(resource_logs Array(Tuple(resource Tuple(attributes Array(Tuple(key String, value String))),
                    scope_logs Array(Tuple(scope Tuple(name String), log_records Array(Tuple(time_unix_nano UInt64, observed_time_unix_nano UInt64,
                      severity_number Int32, severity_text String, event_name String, body String, attributes Array(Tuple(key String, value String)),
                      flags UInt32, trace_id String, span_id String)))))))')))))))))
