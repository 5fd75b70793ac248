-- Remote-write requests of one segment into `points`. Innermost first: the segment's frames, their series (labels scrubbed
-- once each, sorted, the site added where the client named none), their samples.
INSERT INTO points (organisation, site, service, metric, type, unit, temporality, monotonic, labels, fp, ts, value, received_at)
SELECT organisation, site, service, metric, type, '' AS unit, if(type = 'counter', 2, 0) AS temporality, toUInt8(type = 'counter') AS monotonic, labels,
  cityHash64(metric, mapKeys(labels), mapValues(labels)) AS fp, fromUnixTimestamp64Milli(sample.timestamp) AS ts, sample.value AS value,
  fromUnixTimestamp64Milli(toInt64(intDiv(received_at, 1000000)))
FROM (SELECT organisation, received_at, metric, site, service, type, samples,
    mapSort(mapFilter((k, v) -> v != '', if(site = '' OR mapContains(given, 'site'), given, mapConcat(given, map('site', site))))) AS labels
  FROM (SELECT organisation, received_at, samples, value_of(['__name__'], keys, vals) AS metric,
      mapFilter((k, v) -> k != '__name__', mapFromArrays(keys, vals)) AS given,
      first_of(first_of(value_of(['site'], keys, vals), value_of(['store', 'store_id', 'site_id', 'store_name', 'site_name'], keys, vals), ''), key_site, '') AS site,
      first_of(first_of(value_of(['service'], keys, vals), value_of(['service_name'], keys, vals), value_of(['job'], keys, vals)), key_service, '') AS service,
      multiIf(endsWith(metric, '_total'), 'counter', endsWith(metric, '_bucket'), 'histogram', 'unknown') AS type
    FROM (SELECT organisation, key_site, key_service, received_at, series.samples AS samples, series.labels.name AS keys,
        hide_secrets(keys, arrayResize(unglue(scrub_pan(scrub_secrets(glue(series.labels.value)))), length(keys))) AS vals
      FROM (SELECT organisation, key_site, key_service, received_at, arrayJoin(request.timeseries) AS series
        FROM file({segment}, Protobuf, 'organisation String, key_site String, key_service String, received_at UInt64,
          request Tuple(timeseries Array(Tuple(labels Array(Tuple(name String, value String)), samples Array(Tuple(value Float64, timestamp Int64)))))')))))
ARRAY JOIN samples AS sample
