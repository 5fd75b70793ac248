-- What an organisation changed about the scrubbing of its records; without a row nothing.
CREATE TABLE scrub_rules (
  organisation text PRIMARY KEY REFERENCES organisations ON DELETE CASCADE,
  rules jsonb NOT NULL,
  -- What is received from this moment on is loaded by the organisation's own statements. Never moves: a segment that is tried again
  -- has to be parted as it was.
  own_since timestamptz NOT NULL,
  -- Under which user ids are hashed, sealed. There is one: a new one takes the place of the old.
  salt_sealed bytea NOT NULL,
  salted_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL
);
