-- Days of the archive that somebody brought back into the engine for some time. A row stays when they have left again.
CREATE TABLE archive_restores (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  -- Days of receipt, both included.
  from_day date NOT NULL,
  to_day date NOT NULL,
  -- '': any.
  site text NOT NULL,
  class text NOT NULL,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  leaves_at timestamptz NOT NULL,
  -- When all of it was there; null until then.
  ready_at timestamptz,
  -- When its rows were removed; null until then.
  gone_at timestamptz,
  files integer NOT NULL DEFAULT 0,
  files_done integer NOT NULL DEFAULT 0,
  rows bigint NOT NULL DEFAULT 0,
  -- The last file that was loaded, as day and path: whoever goes on after a kill begins behind it.
  last_file text NOT NULL DEFAULT '',
  -- What went wrong last, in words.
  detail text NOT NULL DEFAULT '',
  CHECK (from_day <= to_day)
);
CREATE INDEX archive_restores_open ON archive_restores (organisation) WHERE gone_at IS NULL;
