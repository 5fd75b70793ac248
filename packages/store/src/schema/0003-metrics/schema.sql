-- The metric store: samples as compact chunks, one for each series and two hours (packages/metrics/src/chunk). Times are
-- milliseconds since the epoch, signed: with a retention of "forever" 1970 is as good as any. The TTLs below are the
-- defaults; the metric store changes them at its start when another retention is set.

-- Small granules: a narrow query reads few chunks beside those it wants.
CREATE TABLE metric_chunks (
  organisation LowCardinality(String),
  metric LowCardinality(String),
  fp UInt64 CODEC(Delta(8), ZSTD(1)),
  t Int64 CODEC(Delta(8), ZSTD(1)),
  chunk String CODEC(ZSTD(1))
) ENGINE = MergeTree PARTITION BY intDiv(t, 86400000) ORDER BY (organisation, metric, fp, t)
TTL toDateTime(intDiv(t, 1000)) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
  index_granularity = 128, min_compress_block_size = 16384, max_compress_block_size = 65536;

-- The truth of the series index. A row is inserted when a series is new and from time to time while it is alive.
CREATE TABLE metric_series (
  organisation LowCardinality(String),
  metric LowCardinality(String),
  fp UInt64,
  site LowCardinality(String),
  service LowCardinality(String),
  type LowCardinality(String),
  unit LowCardinality(String),
  labels Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  first_seen SimpleAggregateFunction(min, Int64),
  last_seen SimpleAggregateFunction(max, Int64)
) ENGINE = AggregatingMergeTree ORDER BY (organisation, metric, fp)
TTL toDateTime(intDiv(last_seen, 1000)) + INTERVAL 731 DAY DELETE
SETTINGS allow_dimensions_outside_sorting_key = 1, non_replicated_deduplication_window = 10000, index_granularity = 1024;

CREATE TABLE metric_metadata (
  organisation LowCardinality(String),
  metric LowCardinality(String),
  type LowCardinality(String),
  unit LowCardinality(String),
  help String,
  last_seen Int64
) ENGINE = ReplacingMergeTree(last_seen) ORDER BY (organisation, metric, type, unit, help)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE metric_exemplars (
  organisation LowCardinality(String),
  metric LowCardinality(String),
  fp UInt64 CODEC(Delta(8), ZSTD(1)),
  t Int64 CODEC(Delta(8), ZSTD(1)),
  value Float64 CODEC(ZSTD(1)),
  labels Map(LowCardinality(String), String) CODEC(ZSTD(1))
) ENGINE = MergeTree PARTITION BY intDiv(t, 86400000) ORDER BY (organisation, metric, fp, t)
TTL toDateTime(intDiv(t, 1000)) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, index_granularity = 1024;

-- Roll-ups: for each series and day (5 min) or sixteen days (1 h) one chunk with minimum, maximum, sum, count, increase and last value.
CREATE TABLE metric_rollups_5m (
  organisation LowCardinality(String),
  metric LowCardinality(String),
  fp UInt64 CODEC(Delta(8), ZSTD(1)),
  t Int64 CODEC(Delta(8), ZSTD(1)),
  version UInt64,
  chunk String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree(version) PARTITION BY intDiv(t, 1382400000) ORDER BY (organisation, metric, fp, t)
TTL toDateTime(intDiv(t, 1000)) + INTERVAL 365 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
  index_granularity = 128, min_compress_block_size = 16384, max_compress_block_size = 65536;

CREATE TABLE metric_rollups_1h (
  organisation LowCardinality(String),
  metric LowCardinality(String),
  fp UInt64 CODEC(Delta(8), ZSTD(1)),
  t Int64 CODEC(Delta(8), ZSTD(1)),
  version UInt64,
  chunk String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree(version) PARTITION BY intDiv(t, 11059200000) ORDER BY (organisation, metric, fp, t)
TTL toDateTime(intDiv(t, 1000)) + INTERVAL 731 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
  index_granularity = 128, min_compress_block_size = 16384, max_compress_block_size = 65536;

-- How far roll-ups were made: each day of each organisation that is done, and how often its blocks had changed by then.
CREATE TABLE metric_rollup_days (
  organisation LowCardinality(String),
  resolution UInt32,
  t Int64,
  made_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ReplacingMergeTree(made_at) ORDER BY (organisation, resolution, t);
