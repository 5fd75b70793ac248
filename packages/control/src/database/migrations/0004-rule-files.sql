-- Prometheus rule files that were put through the API; those of a folder stay in the folder.
CREATE TABLE rule_files (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  content text NOT NULL,
  -- Of the content, so that servers see a change without reading it.
  digest text NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  PRIMARY KEY (organisation, name)
);

-- When a group of rules of a file was evaluated last, by whichever server.
CREATE TABLE rule_group_runs (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  file text NOT NULL,
  group_name text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (organisation, file, group_name)
);

-- Alerts of rule files that are pending or firing: what `for` and `keep_firing_for` have counted survives a restart.
CREATE TABLE rule_group_alerts (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  file text NOT NULL,
  group_name text NOT NULL,
  -- Name of the alert and its number among those of that name in the group.
  rule text NOT NULL,
  -- SHA-256 of the sorted labels, hexadecimal, 32 digits.
  fingerprint text NOT NULL,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'firing')),
  active_at timestamptz NOT NULL,
  -- Since when it fires though its expression no longer holds; null while that holds.
  kept_since timestamptz,
  value double precision,
  PRIMARY KEY (organisation, file, group_name, rule, fingerprint)
);
