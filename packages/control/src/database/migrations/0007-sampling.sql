-- Which traces of an organisation are kept; without a row all of them.
CREATE TABLE sampling_policies (
  organisation text PRIMARY KEY REFERENCES organisations ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- From this moment on what is received is decided by it; null while it is switched off.
  enabled_at timestamptz,
  slow_ms double precision CHECK (slow_ms > 0),
  share double precision NOT NULL CHECK (share BETWEEN 0 AND 1),
  services jsonb NOT NULL,
  wait_ms int NOT NULL CHECK (wait_ms >= 60000),
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL
);
