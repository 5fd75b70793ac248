-- The hash of an event under the way of grouping that made it; an issue keeps its number when a later way gives another hash.
ALTER TABLE errors ADD COLUMN grouping_hash UInt64 AFTER issue;

-- Hashes that belong to an issue of another number: what an earlier way of grouping made, and what joined it since.
CREATE TABLE issue_hashes (
  organisation LowCardinality(String),
  hash UInt64,
  issue UInt64,
  version UInt8,
  seen_at DateTime
) ENGINE = ReplacingMergeTree(seen_at) ORDER BY (organisation, hash)
SETTINGS non_replicated_deduplication_window = 10000;

INSERT INTO issue_hashes SELECT organisation, issue AS hash, issue, 1 AS version, toDateTime(max(last_seen)) AS seen_at FROM issues GROUP BY organisation, issue;

CREATE MATERIALIZED VIEW errors_to_issue_hashes TO issue_hashes AS
SELECT organisation, grouping_hash AS hash, e.issue AS issue, max(e.grouping_version) AS version, toDateTime(max(e.ts)) AS seen_at
FROM errors AS e WHERE grouping_hash != 0 AND grouping_hash != e.issue GROUP BY organisation, hash, issue;
