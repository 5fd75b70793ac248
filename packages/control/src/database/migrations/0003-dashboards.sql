-- Dashboards: the document as it is now, and every version of it. A dashboard that ships with Sightline has a row only where
-- people changed it; its id is then the same in every organisation, so organisation comes first in the key.
CREATE TABLE dashboards (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  id text NOT NULL,
  -- Of the document, for the list.
  title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
  description text NOT NULL,
  folder text NOT NULL,
  tags jsonb NOT NULL,
  panels int NOT NULL,
  document jsonb NOT NULL,
  -- Counts up by one with every save; what was read before another save is refused.
  version int NOT NULL CHECK (version >= 1),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  PRIMARY KEY (organisation, id)
);

CREATE TABLE dashboard_versions (
  organisation text NOT NULL,
  dashboard text NOT NULL,
  version int NOT NULL,
  document jsonb NOT NULL,
  at timestamptz NOT NULL,
  author text NOT NULL,
  message text NOT NULL,
  PRIMARY KEY (organisation, dashboard, version),
  FOREIGN KEY (organisation, dashboard) REFERENCES dashboards (organisation, id) ON DELETE CASCADE
);
