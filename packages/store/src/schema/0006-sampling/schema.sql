-- Traces that a sampling policy let go: the decision stands here before their spans are deleted, so that a kill in between
-- changes nothing, late spans follow it, and a page can say what became of a trace. `rule` is the service whose share decided,
-- '' for the share of all others; `services` and `spans` say whose spans went, and how many.
CREATE TABLE sampled_traces (
  organisation LowCardinality(String),
  trace_id FixedString(16),
  slot DateTime,
  decided_at DateTime64(3),
  policy LowCardinality(String),
  rule LowCardinality(String),
  services Array(LowCardinality(String)),
  spans Array(UInt64),
  first_ts DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  last_ts DateTime64(9) CODEC(Delta(8), ZSTD(1))
) ENGINE = MergeTree PARTITION BY toDate(slot) ORDER BY (organisation, trace_id)
TTL slot + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
