-- Searches over logs that an organisation keeps; everybody in it sees them.
CREATE TABLE saved_searches (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  query text NOT NULL CHECK (length(query) <= 4000),
  -- Environment, site, service and relative range; '' leaves each as the person has it.
  scope jsonb NOT NULL,
  columns jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL
);
CREATE UNIQUE INDEX saved_searches_name ON saved_searches (organisation, lower(name));
