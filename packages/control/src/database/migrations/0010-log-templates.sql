-- Templates of log lines that rules about new patterns know. `kind` tells what lines they are of: the hash of a search.
CREATE TABLE log_templates (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind ~ '^[0-9a-f]{16}$'),
  id text NOT NULL CHECK (id ~ '^[0-9a-f]{16}$'),
  -- '' marks that the kind was looked at.
  form text NOT NULL,
  -- When its first line came; the epoch where it was there when somebody began to look.
  born_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (organisation, kind, id)
);
CREATE INDEX log_templates_seen ON log_templates (organisation, seen_at);
