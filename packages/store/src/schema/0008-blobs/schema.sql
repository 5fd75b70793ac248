-- The bytes of attachments lie in the blob store; `content` holds those of earlier versions.
ALTER TABLE attachments ADD COLUMN blob String;

-- One row for each message about a replay; its newest state is that of its highest segment.
CREATE TABLE replays (
  organisation LowCardinality(String),
  project UInt32,
  site LowCardinality(String),
  service LowCardinality(String),
  environment LowCardinality(String),
  release LowCardinality(String),
  ts DateTime64(3) CODEC(Delta(8), ZSTD(1)),
  started_at DateTime64(3),
  replay_id String CODEC(ZSTD(1)),
  segment UInt32,
  kind LowCardinality(String),
  user_id String CODEC(ZSTD(1)),
  urls Array(String) CODEC(ZSTD(1)),
  errors Array(String) CODEC(ZSTD(1)),
  traces Array(String) CODEC(ZSTD(1)),
  platform LowCardinality(String),
  browser LowCardinality(String),
  os LowCardinality(String),
  tags Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  INDEX ix_replay replay_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_errors errors TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, toStartOfHour(ts), ts)
TTL toDateTime(ts) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE replay_segments (
  organisation LowCardinality(String),
  project UInt32,
  replay_id String,
  segment UInt32,
  kind LowCardinality(String),
  ts DateTime64(3),
  size_bytes UInt64,
  blob String
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, replay_id, segment)
TTL toDateTime(ts) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE profiles (
  organisation LowCardinality(String),
  project UInt32,
  site LowCardinality(String),
  service LowCardinality(String),
  environment LowCardinality(String),
  release LowCardinality(String),
  ts DateTime64(3) CODEC(Delta(8), ZSTD(1)),
  received_at DateTime64(3),
  profile_id String,
  profiler_id String,
  kind LowCardinality(String),
  platform LowCardinality(String),
  transaction LowCardinality(String),
  trace_id String CODEC(ZSTD(1)),
  size_bytes UInt64,
  blob String
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, toStartOfHour(ts), ts)
TTL toDateTime(ts) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
