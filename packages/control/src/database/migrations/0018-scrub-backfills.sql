-- Runs over what is stored that scrub it by the rules of the organisation, and previews of them. Counts, never values; examples hold texts
-- as they become.
CREATE TABLE scrub_backfills (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('preview', 'run')),
  -- Days (UTC) of the records' own times, both included.
  from_day date NOT NULL,
  to_day date NOT NULL,
  -- When the rules were saved that it was asked for under; null without rules.
  rules_at timestamptz,
  state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'stopped', 'failed')),
  -- Somebody wants it to stop.
  stopping boolean NOT NULL DEFAULT false,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  -- One who died is followed by another.
  claimed_until timestamptz NOT NULL,
  detail text NOT NULL DEFAULT '',
  -- Where it goes on.
  unit text NOT NULL DEFAULT '',
  minute bigint,
  batches integer NOT NULL DEFAULT 0,
  -- The batch that is being written.
  pending jsonb,
  rows_all bigint NOT NULL DEFAULT 0,
  rows_seen bigint NOT NULL DEFAULT 0,
  rows_changed bigint NOT NULL DEFAULT 0,
  rows_held bigint NOT NULL DEFAULT 0,
  counts jsonb NOT NULL DEFAULT '[]',
  -- Logs that changed, by day of receipt.
  days jsonb NOT NULL DEFAULT '{}',
  examples jsonb NOT NULL DEFAULT '[]',
  CHECK (from_day <= to_day)
);
CREATE UNIQUE INDEX scrub_backfills_open ON scrub_backfills (organisation) WHERE state IN ('waiting', 'running');
CREATE INDEX scrub_backfills_recent ON scrub_backfills (organisation, requested_at DESC);
