-- Logs lie by second instead of by moment. Loads that follow each other overlap by what senders collect, a second or so; within one second their rows
-- are now put behind each other when they are merged, instead of one by one: a third less of what a merge costs. A sorting key cannot be changed, so a new
-- table takes the old one's place and what is stored is carried over by partitions. Views are taken off and put back rather than made anew: they then
-- still know which loads they have seen.
RENAME TABLE logs TO logs_by_moment;

CREATE TABLE logs (
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
  body String CODEC(Default),
  trace_id FixedString(16) CODEC(Default),
  span_id FixedString(8) CODEC(Default),
  flags UInt8,
  correlation_id String CODEC(Default),
  scope_name LowCardinality(String),
  res Map(LowCardinality(String), String) CODEC(Default),
  attrs Map(LowCardinality(String), String) CODEC(Default),
  class LowCardinality(String) DEFAULT multiIf(
    attrs['retention.class'] IN ('compliance', 'default'), attrs['retention.class'],
    res['retention.class'] IN ('compliance', 'default'), res['retention.class'],
    match(event_name, '(?i)(^|[^a-z])(audit|payment|age[._ -]?(check|verif))') OR match(service, '(?i)(^|[^a-z])(audit|payment|age[._ -]?(check|verif))')
      OR arrayExists(name -> match(name, '(?i)^(audit|payment|age[._ -]?(check|verif))'),
        if(multiSearchAnyCaseInsensitive(concat('\n', arrayStringConcat(mapKeys(attrs), '\n')), ['\naudit', '\npayment', '\nage']), mapKeys(attrs), [])),
    'compliance', 'default'),
  id UInt64 ALIAS cityHash64(ts, site, device, service, span_id, body, attrs),
  INDEX ix_text lowerUTF8(body) TYPE text(tokenizer = 'splitByNonAlpha'),
  INDEX ix_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_correlation correlation_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_attrs mapValues(attrs) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_res mapValues(res) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_ts ts TYPE minmax GRANULARITY 1,
  INDEX ix_received received_at TYPE minmax GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, toStartOfMinute(ts), toDateTime(ts))
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
  index_granularity = 2048;

DETACH TABLE logs_to_volume;
ATTACH TABLE logs_to_volume;
DETACH TABLE logs_to_seen;
ATTACH TABLE logs_to_seen;
DETACH TABLE logs_to_scrubbed;
ATTACH TABLE logs_to_scrubbed;

CARRY PARTITIONS OF logs_by_moment TO logs;
DROP TABLE logs_by_moment;
