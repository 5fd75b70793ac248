-- What is stored or merged into small parts is about to be merged again: the engine picks a quick codec for those and ZSTD for large ones (engine-config.ts; a
-- ClickHouse server by its `compression` setting). Nothing that is stored is written anew for it.
ALTER TABLE logs
  MODIFY COLUMN body String CODEC(Default),
  MODIFY COLUMN trace_id FixedString(16) CODEC(Default),
  MODIFY COLUMN span_id FixedString(8) CODEC(Default),
  MODIFY COLUMN correlation_id String CODEC(Default),
  MODIFY COLUMN res Map(LowCardinality(String), String) CODEC(Default),
  MODIFY COLUMN attrs Map(LowCardinality(String), String) CODEC(Default);

ALTER TABLE spans
  MODIFY COLUMN trace_id FixedString(16) CODEC(Default),
  MODIFY COLUMN span_id FixedString(8) CODEC(Default),
  MODIFY COLUMN parent_id FixedString(8) CODEC(Default),
  MODIFY COLUMN status_message String CODEC(Default),
  MODIFY COLUMN trace_state String CODEC(Default),
  MODIFY COLUMN correlation_id String CODEC(Default),
  MODIFY COLUMN res Map(LowCardinality(String), String) CODEC(Default),
  MODIFY COLUMN attrs Map(LowCardinality(String), String) CODEC(Default);
