-- OTLP trace requests of one segment into `spans`. As logs.sql: a span's name, status message and attribute values are
-- scrubbed as one text; events and links have maps of their own.
INSERT INTO spans (organisation, site, device, environment, service, release, ts, duration_ns, trace_id, span_id, parent_id, name, kind, status_code,
  status_message, trace_state, scope_name, correlation_id, res, attrs, events.ts, events.name, events.attrs, links.trace_id, links.span_id, links.attrs, received_at)
SELECT organisation,
  if(kept_at > 0, key_site, first_of(res_site, of_kind(1, kinds, vals), key_site)) AS site,
  first_of(res_device, of_kind(2, kinds, vals), first_of(key_device, res_host, '')) AS device,
  first_of(res_environment, of_kind(4, kinds, vals), key_environment) AS environment,
  first_of(res_service, of_kind(5, kinds, vals), first_of(key_service, 'unknown', '')) AS service,
  first_of(res_release, of_kind(6, kinds, vals), '') AS release,
  nano(toUInt64(sp.start_time_unix_nano - skew_ns)) AS ts,
  if(sp.end_time_unix_nano > sp.start_time_unix_nano, sp.end_time_unix_nano - sp.start_time_unix_nano, 0) AS duration_ns,
  fix16(sp.trace_id), fix8(sp.span_id), fix8(sp.parent_span_id), texts[1] AS name, toUInt8(if(sp.kind BETWEEN 0 AND 5, sp.kind, 0)) AS kind,
  toUInt8(if(sp.status.code BETWEEN 0 AND 2, sp.status.code, 0)) AS status_code, texts[2] AS status_message, sp.trace_state, scope_name,
  first_of(vals[arrayFirstIndex(k -> k >= 7, kinds)], res_correlation, '') AS correlation_id,
  mapFromArrays(res_keys, res_vals) AS res, mapFromArrays(keys, vals) AS attrs,
  arrayMap(t -> nano(toUInt64(t - skew_ns)), sp.events.time_unix_nano), arrayMap(n -> scrub_text('event.name', n), sp.events.name), arrayMap(a -> otlp_map(a), sp.events.attributes),
  arrayMap(x -> fix16(x), sp.links.trace_id), arrayMap(x -> fix8(x), sp.links.span_id), arrayMap(a -> otlp_map(a), sp.links.attributes),
  nano(received_at)
FROM (SELECT *, hide_secrets(keys, arrayResize(arraySlice(texts, 3), length(keys))) AS vals
  FROM (SELECT * EXCEPT (glued), kinds_of(keys) AS kinds, scrub_record(arrayConcat(['name', 'status_message'], keys), glued) AS texts
    FROM (SELECT *, sp.attributes.key AS keys, toValidUTF8(glue(arrayConcat([sp.name, sp.status.message], otlp_values(sp.attributes)))) AS glued
      FROM (SELECT * EXCEPT (ss), ss.scope.name AS scope_name, arrayJoin(ss.spans) AS sp
        FROM (SELECT * EXCEPT (rs), arrayJoin(rs.scope_spans) AS ss
          FROM (SELECT *, of_kind(1, res_kinds, res_vals) AS res_site, of_kind(2, res_kinds, res_vals) AS res_device, of_kind(3, res_kinds, res_vals) AS res_host,
            of_kind(4, res_kinds, res_vals) AS res_environment, of_kind(5, res_kinds, res_vals) AS res_service, of_kind(6, res_kinds, res_vals) AS res_release,
            of_kind(7, res_kinds, res_vals) AS res_correlation
            FROM (SELECT *, arrayConcat(rs.resource.attributes.key, if(skew_ms = 0, [], ['sightline.clock_skew_ms'])) AS res_keys, kinds_of(rs.resource.attributes.key) AS res_kinds,
              arrayConcat(otlp_scrubbed(rs.resource.attributes), if(skew_ms = 0, [], [toString(skew_ms)])) AS res_vals
              FROM (SELECT organisation, key_site, key_device, key_environment, key_service, received_at, kept_at, skew_ms, skew_ms * 1000000 AS skew_ns, arrayJoin(request.resource_spans) AS rs
                FROM file({segment}, Protobuf, 'organisation String, key_site String, key_device String, key_environment String, key_service String, received_at UInt64, skew_ms Int64, kept_at UInt64,
                  request Tuple(resource_spans Array(Tuple(resource Tuple(attributes Array(Tuple(key String, value String))),
                    scope_spans Array(Tuple(scope Tuple(name String), spans Array(Tuple(trace_id String, span_id String, trace_state String, parent_span_id String,
                      name String, kind Int32, start_time_unix_nano UInt64, end_time_unix_nano UInt64, attributes Array(Tuple(key String, value String)),
                      events Array(Tuple(time_unix_nano UInt64, name String, attributes Array(Tuple(key String, value String)))),
                      links Array(Tuple(trace_id String, span_id String, attributes Array(Tuple(key String, value String)))),
                      status Tuple(message String, code Int32))))))))')))))))))
