-- Exponential histograms of one segment's metric requests into `exp_histograms`, buckets as they came.
INSERT INTO exp_histograms (organisation, site, service, metric, unit, temporality, labels, fp, ts, count, sum, scale, zero_count, zero_threshold,
  pos_offset, pos_counts, neg_offset, neg_counts, min, max)
SELECT organisation, site, service, m.name AS metric, m.unit AS unit, toUInt8(least(2, greatest(0, m.exponential_histogram.aggregation_temporality))) AS temporality,
  mapSort(mapConcat(resl, otlp_labels(d.attributes))) AS labels, cityHash64(metric, mapKeys(labels), mapValues(labels)) AS fp,
  fromUnixTimestamp64Milli(toInt64(intDiv(if(d.time_unix_nano = 0, fallback_at, toUInt64(d.time_unix_nano - skew_ns)), 1000000))) AS ts, d.count, d.sum,
  toInt8(least(127, greatest(-128, d.scale))) AS scale, d.zero_count, d.zero_threshold, d.positive.offset, d.positive.bucket_counts, d.negative.offset, d.negative.bucket_counts, d.min, d.max
FROM (SELECT *, arrayJoin(m.exponential_histogram.data_points) AS d
  FROM (SELECT organisation, site, service, received_at, skew_ns, fallback_at, arrayJoin(sm.metrics) AS m,
      mapFilter((k, v) -> v != '', map('job', service, 'instance', first_of(value_of(['service.instance.id'], res_keys, res_vals), value_of(['host.name'], res_keys, res_vals), key_device), 'site', site)) AS resl
    FROM (SELECT *, arrayJoin(rm.scope_metrics) AS sm
      FROM (SELECT *, rm.resource.attributes.key AS res_keys, mapValues(otlp_labels(rm.resource.attributes)) AS res_vals,
          if(kept_at > 0, key_site, first_of(value_of(['store.id', 'site.id', 'sightline.site'], res_keys, res_vals), key_site, '')) AS site,
          first_of(value_of(['service.name'], res_keys, res_vals), key_service, 'unknown') AS service
        FROM (SELECT organisation, key_site, key_device, key_service, received_at, kept_at, skew_ms * 1000000 AS skew_ns, if(kept_at > 0, kept_at, received_at) AS fallback_at, arrayJoin(request.resource_metrics) AS rm
          FROM file({segment}, Protobuf, 'organisation String, key_site String, key_device String, key_service String, received_at UInt64, skew_ms Int64, kept_at UInt64,
            request Tuple(resource_metrics Array(Tuple(resource Tuple(attributes Array(Tuple(key String, value String))), scope_metrics Array(Tuple(metrics Array(Tuple(name String, unit String,
              exponential_histogram Tuple(data_points Array(Tuple(attributes Array(Tuple(key String, value String)), time_unix_nano UInt64, count UInt64, sum Float64, scale Int32, zero_count UInt64,
                positive Tuple(offset Int32, bucket_counts Array(UInt64)), negative Tuple(offset Int32, bucket_counts Array(UInt64)), min Float64, max Float64, zero_threshold Float64)), aggregation_temporality Int32))))))))'))))))
