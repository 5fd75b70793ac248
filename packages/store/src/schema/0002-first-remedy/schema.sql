-- How long a result speaks for: the time since the result before it, at most one and a half intervals. Nobody speaks for the rest: a gap.
ALTER TABLE checks ADD COLUMN covers_ms Float64 CODEC(ZSTD(1));

-- Monitors by the hour: ninety days of bars for a thousand monitors without reading their results.
CREATE TABLE check_hours (
  organisation LowCardinality(String),
  monitor LowCardinality(String),
  hour DateTime,
  ups SimpleAggregateFunction(sum, UInt64),
  downs SimpleAggregateFunction(sum, UInt64),
  up_ms SimpleAggregateFunction(sum, Float64),
  down_ms SimpleAggregateFunction(sum, Float64),
  duration_ms SimpleAggregateFunction(sum, Float64)
) ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(hour) ORDER BY (organisation, hour, monitor)
TTL hour + INTERVAL 400 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW checks_to_hours TO check_hours AS
SELECT organisation, monitor, toStartOfHour(toDateTime(ts, 'UTC')) AS hour, countIf(status = 'up') AS ups, countIf(status = 'down') AS downs,
  sumIf(c.covers_ms, status = 'up') AS up_ms, sumIf(c.covers_ms, status = 'down') AS down_ms, sumIf(c.duration_ms, status = 'up') AS duration_ms
FROM checks AS c WHERE status IN ('up', 'down') GROUP BY organisation, monitor, hour;
