-- OTLP metric requests of one segment into `points`: gauges and sums as they are, histograms and summaries as Prometheus
-- has them (`_bucket` with `le`, `_sum`, `_count`, `quantile`). A point marked "no recorded value" becomes NaN.
INSERT INTO points (organisation, site, service, metric, type, unit, temporality, monotonic, labels, fp, ts, value, received_at)
WITH arrayConcat(
    arrayMap(d -> (otlp_labels(d.attributes), d.time_unix_nano, [('', '', '', if(bitAnd(d.flags, 1) = 1, nan, d.as_double + d.as_int))]), arrayConcat(m.gauge.data_points, m.sum.data_points)),
    arrayMap(d -> (otlp_labels(d.attributes), d.time_unix_nano, arrayConcat(
        [('_sum', '', '', if(bitAnd(d.flags, 1) = 1, nan, d.sum)), ('_count', '', '', if(bitAnd(d.flags, 1) = 1, nan, toFloat64(d.count)))],
        arrayMap((b, c) -> ('_bucket', 'le', if(isInfinite(b), '+Inf', toString(b)), if(bitAnd(d.flags, 1) = 1, nan, toFloat64(c))),
          arrayPushBack(arrayResize(d.explicit_bounds, toUInt64(greatest(length(d.bucket_counts), 1) - 1)), inf), if(empty(d.bucket_counts), [d.count], arrayCumSum(d.bucket_counts))))), m.histogram.data_points),
    arrayMap(d -> (otlp_labels(d.attributes), d.time_unix_nano, arrayConcat(
        [('_sum', '', '', d.sum), ('_count', '', '', toFloat64(d.count))],
        arrayMap(x -> ('', 'quantile', toString(x.quantile), x.value), d.quantile_values))), m.summary.data_points)) AS points
SELECT organisation, site, service, concat(name, s.1) AS metric, type, unit, temporality, monotonic,
  if(s.2 = '', base, mapSort(mapConcat(base, map(s.2, s.3)))) AS labels, cityHash64(metric, mapKeys(labels), mapValues(labels)) AS fp,
  fromUnixTimestamp64Milli(toInt64(intDiv(if(t = 0, fallback_at, toUInt64(t - skew_ns)), 1000000))) AS ts, s.4 AS value, fromUnixTimestamp64Milli(toInt64(intDiv(received_at, 1000000)))
FROM (SELECT organisation, site, service, name, type, unit, temporality, monotonic, received_at, skew_ns, fallback_at, mapSort(mapConcat(resl, p.1)) AS base, p.2 AS t, arrayJoin(p.3) AS s
  FROM (SELECT organisation, site, service, resl, received_at, skew_ns, fallback_at, m.name AS name, m.unit AS unit,
      multiIf(notEmpty(m.gauge.data_points), 'gauge', notEmpty(m.sum.data_points), if(m.sum.is_monotonic, 'counter', 'updowncounter'), notEmpty(m.histogram.data_points), 'histogram', notEmpty(m.summary.data_points), 'summary', '') AS type,
      toUInt8(least(2, greatest(0, if(type = 'histogram', m.histogram.aggregation_temporality, m.sum.aggregation_temporality)))) AS temporality, toUInt8(m.sum.is_monotonic) AS monotonic, arrayJoin(points) AS p
    FROM (SELECT organisation, site, service, received_at, skew_ns, fallback_at, arrayJoin(sm.metrics) AS m,
        mapFilter((k, v) -> v != '', map('job', service, 'instance', first_of(value_of(['service.instance.id'], res_keys, res_vals), value_of(['host.name'], res_keys, res_vals), key_device), 'site', site)) AS resl
      FROM (SELECT *, arrayJoin(rm.scope_metrics) AS sm
        FROM (SELECT *, rm.resource.attributes.key AS res_keys, mapValues(otlp_labels(rm.resource.attributes)) AS res_vals,
            if(kept_at > 0, key_site, first_of(value_of(['store.id', 'site.id', 'sightline.site'], res_keys, res_vals), key_site, '')) AS site,
            first_of(value_of(['service.name'], res_keys, res_vals), key_service, 'unknown') AS service
          FROM (SELECT organisation, key_site, key_device, key_service, received_at, kept_at, skew_ms * 1000000 AS skew_ns, if(kept_at > 0, kept_at, received_at) AS fallback_at, arrayJoin(request.resource_metrics) AS rm
            FROM file({segment}, Protobuf, 'organisation String, key_site String, key_device String, key_service String, received_at UInt64, skew_ms Int64, kept_at UInt64,
              request Tuple(resource_metrics Array(Tuple(resource Tuple(attributes Array(Tuple(key String, value String))), scope_metrics Array(Tuple(metrics Array(Tuple(name String, unit String,
                gauge Tuple(data_points Array(Tuple(time_unix_nano UInt64, as_double Float64, as_int Int64, attributes Array(Tuple(key String, value String)), flags UInt32))),
                sum Tuple(data_points Array(Tuple(time_unix_nano UInt64, as_double Float64, as_int Int64, attributes Array(Tuple(key String, value String)), flags UInt32)), aggregation_temporality Int32, is_monotonic Bool),
                histogram Tuple(data_points Array(Tuple(time_unix_nano UInt64, count UInt64, sum Float64, bucket_counts Array(UInt64), explicit_bounds Array(Float64), attributes Array(Tuple(key String, value String)), flags UInt32)), aggregation_temporality Int32),
                summary Tuple(data_points Array(Tuple(time_unix_nano UInt64, count UInt64, sum Float64, quantile_values Array(Tuple(quantile Float64, value Float64)), attributes Array(Tuple(key String, value String)), flags UInt32)))
              )))))))')))))))
