-- What organisations' pipelines did to their logs on the way in. One statement per ';' at the end of a line.

-- Records that a pipeline took ('taken', step 0), that a parse step did not fit ('unread'), that a step let go ('drop', 'sample', 'cap').
-- Steps are counted from 1. The ledger has the same records by key and protocol.
CREATE TABLE pipeline_counts (
  organisation LowCardinality(String),
  minute DateTime CODEC(Delta(4), ZSTD(1)),
  pipeline LowCardinality(String),
  step UInt16,
  did LowCardinality(String),
  records UInt64 CODEC(ZSTD(1))
) ENGINE = SummingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (organisation, pipeline, minute, step, did)
TTL minute + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
