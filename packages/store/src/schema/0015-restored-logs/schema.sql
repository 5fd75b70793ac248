-- Logs that were brought back from the archive for some time. A restore is a partition, so that it leaves at once; nothing else
-- removes them, and no view counts them again.
CREATE TABLE restored_logs (
  organisation LowCardinality(String),
  site LowCardinality(String),
  device LowCardinality(String),
  environment LowCardinality(String),
  service LowCardinality(String),
  release LowCardinality(String),
  ts DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  received_at DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  severity UInt8,
  severity_text LowCardinality(String),
  event_name LowCardinality(String),
  body String CODEC(ZSTD(1)),
  trace_id FixedString(16) CODEC(ZSTD(1)),
  span_id FixedString(8) CODEC(ZSTD(1)),
  flags UInt8,
  correlation_id String CODEC(ZSTD(1)),
  scope_name LowCardinality(String),
  res Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attrs Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  class LowCardinality(String),
  restore LowCardinality(String),
  id UInt64 ALIAS cityHash64(ts, site, device, service, span_id, body, attrs),
  INDEX ix_text lowerUTF8(body) TYPE text(tokenizer = 'splitByNonAlpha'),
  INDEX ix_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_correlation correlation_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_attrs mapValues(attrs) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_res mapValues(res) TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree PARTITION BY restore ORDER BY (organisation, toStartOfMinute(ts), ts)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 2048;
