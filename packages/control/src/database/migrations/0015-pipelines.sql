-- What an organisation's logs pass through on their way into the store. Every version is kept for as long as records that were received
-- under it may still wait: a record is treated by the version that was in force when it came.
CREATE TABLE pipeline_versions (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  version int NOT NULL CHECK (version > 0),
  takes_effect_at timestamptz NOT NULL,
  saved_at timestamptz NOT NULL,
  saved_by text NOT NULL,
  pipelines jsonb NOT NULL,
  PRIMARY KEY (organisation, version)
);
CREATE INDEX pipeline_versions_saved_at ON pipeline_versions (saved_at);
