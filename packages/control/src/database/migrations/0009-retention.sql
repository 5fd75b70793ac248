-- The classes of an organisation's logs, in order; without a row the built-in ones.
CREATE TABLE retention_classes (
  organisation text PRIMARY KEY REFERENCES organisations ON DELETE CASCADE,
  classes jsonb NOT NULL,
  -- Classes that were taken out: what is stored under their names follows their days.
  retired jsonb NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL
);

-- What must not be deleted until somebody lifts it. Never edited; kept after it was lifted.
CREATE TABLE legal_holds (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
  -- '' and null: any.
  query text NOT NULL CHECK (length(query) <= 4000),
  class text NOT NULL,
  site text NOT NULL,
  from_at timestamptz,
  to_at timestamptz,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  lifted_at timestamptz,
  lifted_by text NOT NULL DEFAULT '',
  lift_reason text NOT NULL DEFAULT '',
  CHECK (from_at < to_at)
);
CREATE INDEX legal_holds_active ON legal_holds (organisation) WHERE lifted_at IS NULL;
CREATE FUNCTION refuse_hold_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.lifted_at IS NOT NULL
    OR (OLD.id, OLD.organisation, OLD.name, OLD.reason, OLD.query, OLD.class, OLD.site, OLD.created_at, OLD.created_by)
      IS DISTINCT FROM (NEW.id, NEW.organisation, NEW.name, NEW.reason, NEW.query, NEW.class, NEW.site, NEW.created_at, NEW.created_by)
    OR OLD.from_at IS DISTINCT FROM NEW.from_at OR OLD.to_at IS DISTINCT FROM NEW.to_at THEN
    RAISE EXCEPTION 'a legal hold is never edited: it is lifted once';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER legal_holds_only_lifted BEFORE UPDATE ON legal_holds FOR EACH ROW EXECUTE FUNCTION refuse_hold_change();

-- What left the engine because its days were over, by organisation, class and day of the records.
CREATE TABLE hot_deletions (
  organisation text NOT NULL,
  class text NOT NULL,
  day date NOT NULL,
  -- Records that had come until then were deleted; what came later is a row of its own.
  until timestamptz NOT NULL,
  rows bigint NOT NULL,
  begun_at timestamptz NOT NULL,
  -- null: cut off, and carried out by the next run.
  done_at timestamptz,
  PRIMARY KEY (organisation, class, day, until)
);
CREATE INDEX hot_deletions_unfinished ON hot_deletions (day) WHERE done_at IS NULL;
