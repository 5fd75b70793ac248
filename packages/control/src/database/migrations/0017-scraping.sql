-- What each organisation lets this installation scrape: the form of a prometheus.yml, sealed, since passwords and tokens stand in it.
CREATE TABLE scrape_configurations (
  organisation text PRIMARY KEY REFERENCES organisations ON DELETE CASCADE,
  content_sealed bytea NOT NULL,
  -- Of the content, so that servers see a change without opening it.
  digest text NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL
);
