-- Telemetry schema, version 1. One statement per ';' at the end of a line. Sorting keys and indexes were chosen by
-- measurement: bench/RESULTS.md. Every table and every view target deduplicates by token, so that a segment loads once.

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
  body String CODEC(ZSTD(1)),
  trace_id FixedString(16) CODEC(ZSTD(1)),
  span_id FixedString(8) CODEC(ZSTD(1)),
  flags UInt8,
  correlation_id String CODEC(ZSTD(1)),
  scope_name LowCardinality(String),
  res Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attrs Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  id UInt64 ALIAS cityHash64(ts, site, device, service, span_id, body, attrs),
  INDEX ix_text lowerUTF8(body) TYPE text(tokenizer = 'splitByNonAlpha'),
  INDEX ix_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_correlation correlation_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_attrs mapValues(attrs) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_res mapValues(res) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_received received_at TYPE minmax GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, toStartOfMinute(ts), ts)
TTL toDateTime(ts) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
  index_granularity = 2048;

CREATE TABLE spans (
  organisation LowCardinality(String),
  site LowCardinality(String),
  device LowCardinality(String),
  environment LowCardinality(String),
  service LowCardinality(String),
  release LowCardinality(String),
  ts DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  duration_ns UInt64 CODEC(T64, ZSTD(1)),
  trace_id FixedString(16) CODEC(ZSTD(1)),
  span_id FixedString(8) CODEC(ZSTD(1)),
  parent_id FixedString(8) CODEC(ZSTD(1)),
  name LowCardinality(String),
  kind UInt8,
  status_code UInt8,
  status_message String CODEC(ZSTD(1)),
  trace_state String CODEC(ZSTD(1)),
  scope_name LowCardinality(String),
  correlation_id String CODEC(ZSTD(1)),
  res Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attrs Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  events Nested(ts DateTime64(9), name LowCardinality(String), attrs Map(LowCardinality(String), String)),
  links Nested(trace_id FixedString(16), span_id FixedString(8), attrs Map(LowCardinality(String), String)),
  received_at DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  INDEX ix_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_correlation correlation_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_attrs mapValues(attrs) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_res mapValues(res) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_received received_at TYPE minmax GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, toStartOfMinute(ts), ts)
TTL toDateTime(ts) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
  index_granularity = 2048;

-- Metric samples in plain rows; `points` is the door through which every protocol writes, `samples` and `series` are
-- filled from it by views. value is NaN where the client said "no recorded value".
CREATE TABLE points (
  organisation LowCardinality(String),
  site LowCardinality(String),
  service LowCardinality(String),
  metric LowCardinality(String),
  type LowCardinality(String),
  unit LowCardinality(String),
  temporality UInt8,
  monotonic UInt8,
  labels Map(LowCardinality(String), String),
  fp UInt64,
  ts DateTime64(3),
  value Float64,
  received_at DateTime64(3)
) ENGINE = Null;

CREATE TABLE samples (
  organisation LowCardinality(String),
  fp UInt64 CODEC(ZSTD(1)),
  ts DateTime64(3) CODEC(Delta(8), ZSTD(1)),
  value Float64 CODEC(ZSTD(1))
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, fp, ts)
TTL toDateTime(ts) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE series (
  organisation LowCardinality(String),
  metric LowCardinality(String),
  fp UInt64,
  site LowCardinality(String),
  service LowCardinality(String),
  type LowCardinality(String),
  unit LowCardinality(String),
  temporality UInt8,
  monotonic UInt8,
  labels Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  last_seen SimpleAggregateFunction(max, DateTime)
) ENGINE = AggregatingMergeTree ORDER BY (organisation, metric, fp)
SETTINGS allow_dimensions_outside_sorting_key = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW points_to_samples TO samples AS SELECT organisation, fp, ts, value FROM points;

CREATE MATERIALIZED VIEW points_to_series TO series AS
SELECT organisation, metric, fp, any(site) AS site, any(service) AS service, any(type) AS type, any(unit) AS unit, any(temporality) AS temporality,
  any(monotonic) AS monotonic, any(labels) AS labels, toDateTime(max(ts)) AS last_seen
FROM points GROUP BY organisation, metric, fp;

CREATE TABLE exp_histograms (
  organisation LowCardinality(String),
  site LowCardinality(String),
  service LowCardinality(String),
  metric LowCardinality(String),
  unit LowCardinality(String),
  temporality UInt8,
  labels Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  fp UInt64,
  ts DateTime64(3) CODEC(Delta(8), ZSTD(1)),
  count UInt64,
  sum Float64,
  scale Int8,
  zero_count UInt64,
  zero_threshold Float64,
  pos_offset Int32,
  pos_counts Array(UInt64) CODEC(ZSTD(1)),
  neg_offset Int32,
  neg_counts Array(UInt64) CODEC(ZSTD(1)),
  min Float64,
  max Float64
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, metric, fp, ts)
TTL toDateTime(ts) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Error events. `payload` is the scrubbed event as JSON, for the issue page; what is searched stands in columns.
CREATE TABLE errors (
  organisation LowCardinality(String),
  project UInt32,
  site LowCardinality(String),
  device LowCardinality(String),
  environment LowCardinality(String),
  service LowCardinality(String),
  release LowCardinality(String),
  ts DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  received_at DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  event_id String CODEC(ZSTD(1)),
  issue UInt64,
  grouping_version UInt8,
  severity UInt8,
  platform LowCardinality(String),
  type LowCardinality(String),
  message String CODEC(ZSTD(1)),
  culprit LowCardinality(String),
  transaction LowCardinality(String),
  handled UInt8,
  trace_id FixedString(16) CODEC(ZSTD(1)),
  span_id FixedString(8) CODEC(ZSTD(1)),
  correlation_id String CODEC(ZSTD(1)),
  user_id String CODEC(ZSTD(1)),
  order_id String CODEC(ZSTD(1)),
  amount Float64,
  tags Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  payload String CODEC(ZSTD(3)),
  INDEX ix_text lowerUTF8(message) TYPE text(tokenizer = 'splitByNonAlpha'),
  INDEX ix_event event_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_issue issue TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_correlation correlation_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, toStartOfMinute(ts), ts)
TTL toDateTime(ts) + INTERVAL 90 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE issues (
  organisation LowCardinality(String),
  issue UInt64,
  project SimpleAggregateFunction(any, UInt32),
  type SimpleAggregateFunction(anyLast, String),
  message SimpleAggregateFunction(anyLast, String),
  culprit SimpleAggregateFunction(anyLast, String),
  platform SimpleAggregateFunction(anyLast, String),
  service SimpleAggregateFunction(anyLast, String),
  severity SimpleAggregateFunction(max, UInt8),
  events SimpleAggregateFunction(sum, UInt64),
  first_seen SimpleAggregateFunction(min, DateTime64(3)),
  last_seen SimpleAggregateFunction(max, DateTime64(3)),
  first_release AggregateFunction(argMin, String, DateTime64(3)),
  last_release AggregateFunction(argMax, String, DateTime64(3)),
  users AggregateFunction(uniq, String),
  sites AggregateFunction(uniq, String),
  amount SimpleAggregateFunction(sum, Float64)
) ENGINE = AggregatingMergeTree ORDER BY (organisation, issue)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW errors_to_issues TO issues AS
SELECT organisation, issue, any(e.project) AS project, anyLast(toString(e.type)) AS type, anyLast(e.message) AS message, anyLast(toString(e.culprit)) AS culprit,
  anyLast(toString(e.platform)) AS platform, anyLast(toString(e.service)) AS service, max(e.severity) AS severity, count() AS events,
  min(toDateTime64(e.ts, 3)) AS first_seen, max(toDateTime64(e.ts, 3)) AS last_seen,
  argMinState(toString(e.release), toDateTime64(e.ts, 3)) AS first_release, argMaxState(toString(e.release), toDateTime64(e.ts, 3)) AS last_release,
  uniqStateIf(e.user_id, e.user_id != '') AS users, uniqStateIf(toString(e.site), e.site != '') AS sites, sum(e.amount) AS amount
FROM errors AS e GROUP BY organisation, issue;

CREATE TABLE issue_volume (
  organisation LowCardinality(String),
  issue UInt64,
  minute DateTime,
  site LowCardinality(String),
  service LowCardinality(String),
  environment LowCardinality(String),
  release LowCardinality(String),
  events UInt64
) ENGINE = SummingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (organisation, minute, issue, site, service, environment, release)
TTL minute + INTERVAL 90 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW errors_to_issue_volume TO issue_volume AS
SELECT organisation, issue, toStartOfMinute(ts) AS minute, site, service, environment, release, count() AS events
FROM errors GROUP BY organisation, issue, minute, site, service, environment, release;

CREATE TABLE sessions (
  organisation LowCardinality(String),
  project UInt32,
  site LowCardinality(String),
  service LowCardinality(String),
  environment LowCardinality(String),
  release LowCardinality(String),
  ts DateTime64(3) CODEC(Delta(8), ZSTD(1)),
  received_at DateTime64(3) CODEC(Delta(8), ZSTD(1)),
  session_id String CODEC(ZSTD(1)),
  user_id String CODEC(ZSTD(1)),
  status LowCardinality(String),
  errors UInt32,
  duration_ms UInt64,
  sessions UInt32
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, toStartOfHour(ts), ts)
TTL toDateTime(ts) + INTERVAL 90 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Results of checks: cron check-ins now, uptime monitors later.
CREATE TABLE checks (
  organisation LowCardinality(String),
  site LowCardinality(String),
  service LowCardinality(String),
  environment LowCardinality(String),
  monitor LowCardinality(String),
  kind LowCardinality(String),
  ts DateTime64(3) CODEC(Delta(8), ZSTD(1)),
  received_at DateTime64(3) CODEC(Delta(8), ZSTD(1)),
  check_id String CODEC(ZSTD(1)),
  status LowCardinality(String),
  duration_ms Float64,
  message String CODEC(ZSTD(1)),
  attrs Map(LowCardinality(String), String) CODEC(ZSTD(1))
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, monitor, ts)
TTL toDateTime(ts) + INTERVAL 90 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE attachments (
  organisation LowCardinality(String),
  project UInt32,
  event_id String,
  ts DateTime64(3),
  name String,
  content_type LowCardinality(String),
  attachment_type LowCardinality(String),
  size_bytes UInt64,
  content String CODEC(ZSTD(3))
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, event_id, name)
TTL toDateTime(ts) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE feedback (
  organisation LowCardinality(String),
  project UInt32,
  site LowCardinality(String),
  service LowCardinality(String),
  environment LowCardinality(String),
  release LowCardinality(String),
  ts DateTime64(3),
  event_id String,
  associated_event_id String,
  name String,
  contact String,
  message String CODEC(ZSTD(1)),
  url String
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (organisation, ts)
TTL toDateTime(ts) + INTERVAL 90 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Log volume per minute: histograms and facets without reading the logs.
CREATE TABLE volume (
  organisation LowCardinality(String),
  minute DateTime,
  service LowCardinality(String),
  severity UInt8,
  site LowCardinality(String),
  environment LowCardinality(String),
  records UInt64
) ENGINE = SummingMergeTree PARTITION BY toDate(minute) ORDER BY (organisation, minute, service, severity, site, environment)
TTL minute + INTERVAL 90 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW logs_to_volume TO volume AS
SELECT organisation, toStartOfMinute(ts) AS minute, service, severity, site, environment, count() AS records
FROM logs GROUP BY organisation, minute, service, severity, site, environment;

-- The same without sites: a day of a hundred sites is a million rows in `volume` and some ten thousand here.
CREATE TABLE service_volume (
  organisation LowCardinality(String),
  minute DateTime,
  service LowCardinality(String),
  severity UInt8,
  environment LowCardinality(String),
  records UInt64
) ENGINE = SummingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (organisation, minute, service, severity, environment)
TTL minute + INTERVAL 90 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW volume_to_service_volume TO service_volume AS
SELECT organisation, minute, service, severity, environment, sum(v.records) AS records
FROM volume AS v GROUP BY organisation, minute, service, severity, environment;

-- Rate, errors, duration per minute, service and site, of spans that serve a request (server, consumer) or are a root.
CREATE TABLE red (
  organisation LowCardinality(String),
  minute DateTime,
  service LowCardinality(String),
  site LowCardinality(String),
  environment LowCardinality(String),
  requests SimpleAggregateFunction(sum, UInt64),
  errors SimpleAggregateFunction(sum, UInt64),
  duration_ns SimpleAggregateFunction(sum, UInt64),
  latency AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64)
) ENGINE = AggregatingMergeTree PARTITION BY toDate(minute) ORDER BY (organisation, minute, service, site, environment)
TTL minute + INTERVAL 90 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW spans_to_red TO red AS
SELECT organisation, toStartOfMinute(ts) AS minute, service, site, environment, count() AS requests, countIf(status_code = 2) AS errors,
  sum(s.duration_ns) AS duration_ns, quantilesTDigestState(0.5, 0.95, 0.99)(toFloat64(s.duration_ns)) AS latency
FROM spans AS s WHERE kind IN (2, 5) OR parent_id = toFixedString('', 8)
GROUP BY organisation, minute, service, site, environment;

-- When each site and service was last heard, by which signal, at which release.
CREATE TABLE seen (
  organisation LowCardinality(String),
  site LowCardinality(String),
  service LowCardinality(String),
  environment LowCardinality(String),
  first_seen SimpleAggregateFunction(min, DateTime64(3)),
  last_seen SimpleAggregateFunction(max, DateTime64(3)),
  release AggregateFunction(argMax, String, DateTime64(3))
) ENGINE = AggregatingMergeTree ORDER BY (organisation, site, service, environment)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW logs_to_seen TO seen AS
SELECT organisation, site, service, environment, min(toDateTime64(l.received_at, 3)) AS first_seen, max(toDateTime64(l.received_at, 3)) AS last_seen,
  argMaxState(toString(l.release), toDateTime64(l.received_at, 3)) AS release
FROM logs AS l GROUP BY organisation, site, service, environment;

CREATE MATERIALIZED VIEW spans_to_seen TO seen AS
SELECT organisation, site, service, environment, min(toDateTime64(l.received_at, 3)) AS first_seen, max(toDateTime64(l.received_at, 3)) AS last_seen,
  argMaxState(toString(l.release), toDateTime64(l.received_at, 3)) AS release
FROM spans AS l GROUP BY organisation, site, service, environment;

CREATE MATERIALIZED VIEW errors_to_seen TO seen AS
SELECT organisation, site, service, environment, min(toDateTime64(l.received_at, 3)) AS first_seen, max(toDateTime64(l.received_at, 3)) AS last_seen,
  argMaxState(toString(l.release), toDateTime64(l.received_at, 3)) AS release
FROM errors AS l GROUP BY organisation, site, service, environment;

CREATE MATERIALIZED VIEW points_to_seen TO seen AS
SELECT organisation, site, service, '' AS environment, min(l.received_at) AS first_seen, max(l.received_at) AS last_seen,
  argMaxState('', l.received_at) AS release
FROM points AS l GROUP BY organisation, site, service;

-- Received = accepted + dropped + rejected, per minute of receipt.
CREATE TABLE ledger (
  organisation LowCardinality(String),
  minute DateTime,
  key_id LowCardinality(String),
  protocol LowCardinality(String),
  signal LowCardinality(String),
  outcome LowCardinality(String),
  reason LowCardinality(String),
  records UInt64,
  bytes UInt64
) ENGINE = SummingMergeTree((records, bytes)) PARTITION BY toYYYYMM(minute) ORDER BY (organisation, minute, key_id, protocol, signal, outcome, reason)
TTL minute + INTERVAL 400 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000;

-- What the scrubber removed, by rule: evidence that it works, never the values.
CREATE TABLE scrubbed (
  organisation LowCardinality(String),
  minute DateTime,
  signal LowCardinality(String),
  service LowCardinality(String),
  rule LowCardinality(String),
  removed UInt64
) ENGINE = SummingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (organisation, minute, signal, service, rule)
TTL minute + INTERVAL 400 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000;

-- Counted by the markers that the scrubber leaves; only rows that hold one are looked at closely.
CREATE MATERIALIZED VIEW logs_to_scrubbed TO scrubbed AS
SELECT organisation, minute, 'logs' AS signal, service, counted.1 AS rule, counted.2 AS removed
FROM (SELECT organisation, minute, service, [('email', sum(countSubstrings(text, '<email>'))), ('ip', sum(countSubstrings(text, '<ip>'))), ('pan', sum(countSubstrings(text, '<pan>'))), ('password', sum(countSubstrings(text, '<password>'))), ('secret', sum(countSubstrings(text, '<secret>'))), ('token', sum(countSubstrings(text, '<token>')))] AS rules
  FROM (SELECT organisation, toStartOfMinute(received_at) AS minute, service, concat(body, ' ', arrayStringConcat(mapValues(attrs), ' ')) AS text FROM logs)
  WHERE multiSearchAny(text, ['<email>', '<ip>', '<pan>', '<password>', '<secret>', '<token>']) GROUP BY organisation, minute, service)
ARRAY JOIN rules AS counted WHERE counted.2 > 0;

CREATE MATERIALIZED VIEW spans_to_scrubbed TO scrubbed AS
SELECT organisation, minute, 'spans' AS signal, service, counted.1 AS rule, counted.2 AS removed
FROM (SELECT organisation, minute, service, [('email', sum(countSubstrings(text, '<email>'))), ('ip', sum(countSubstrings(text, '<ip>'))), ('pan', sum(countSubstrings(text, '<pan>'))), ('password', sum(countSubstrings(text, '<password>'))), ('secret', sum(countSubstrings(text, '<secret>'))), ('token', sum(countSubstrings(text, '<token>')))] AS rules
  FROM (SELECT organisation, toStartOfMinute(received_at) AS minute, service, concat(name, ' ', status_message, ' ', arrayStringConcat(mapValues(attrs), ' ')) AS text FROM spans)
  WHERE multiSearchAny(text, ['<email>', '<ip>', '<pan>', '<password>', '<secret>', '<token>']) GROUP BY organisation, minute, service)
ARRAY JOIN rules AS counted WHERE counted.2 > 0;

CREATE MATERIALIZED VIEW errors_to_scrubbed TO scrubbed AS
SELECT organisation, minute, 'errors' AS signal, service, counted.1 AS rule, counted.2 AS removed
FROM (SELECT organisation, minute, service, [('email', sum(countSubstrings(text, '<email>'))), ('ip', sum(countSubstrings(text, '<ip>'))), ('pan', sum(countSubstrings(text, '<pan>'))), ('password', sum(countSubstrings(text, '<password>'))), ('secret', sum(countSubstrings(text, '<secret>'))), ('token', sum(countSubstrings(text, '<token>')))] AS rules
  FROM (SELECT organisation, toStartOfMinute(received_at) AS minute, service, payload AS text FROM errors)
  WHERE multiSearchAny(text, ['<email>', '<ip>', '<pan>', '<password>', '<secret>', '<token>']) GROUP BY organisation, minute, service)
ARRAY JOIN rules AS counted WHERE counted.2 > 0;

-- Requests the engine refused although the walk let them pass, with their bytes.
CREATE TABLE quarantine (
  organisation LowCardinality(String),
  received_at DateTime64(3),
  id String,
  key_id LowCardinality(String),
  protocol LowCardinality(String),
  signal LowCardinality(String),
  reason String,
  records UInt64,
  bytes UInt64,
  content String CODEC(ZSTD(3))
) ENGINE = MergeTree PARTITION BY toYYYYMM(received_at) ORDER BY (organisation, received_at)
TTL toDateTime(received_at) + INTERVAL 30 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1;
