-- What people and their build machines say of releases; what was seen of them lies in the telemetry store under the same version.
CREATE TABLE releases (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  version text NOT NULL CHECK (length(version) BETWEEN 1 AND 250),
  url text NOT NULL,
  ref text NOT NULL,
  archived boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL,
  -- When it was finalised; null while it is being prepared.
  released_at timestamptz,
  PRIMARY KEY (organisation, version)
);
CREATE INDEX releases_newest ON releases (organisation, created_at DESC);

CREATE TABLE release_commits (
  organisation text NOT NULL,
  version text NOT NULL,
  position integer NOT NULL,
  commit_id text NOT NULL,
  repository text NOT NULL,
  author text NOT NULL,
  message text NOT NULL,
  at timestamptz,
  PRIMARY KEY (organisation, version, position),
  FOREIGN KEY (organisation, version) REFERENCES releases ON DELETE CASCADE
);

CREATE TABLE release_deploys (
  id text PRIMARY KEY,
  organisation text NOT NULL,
  version text NOT NULL,
  environment text NOT NULL,
  name text NOT NULL,
  url text NOT NULL,
  started_at timestamptz,
  finished_at timestamptz NOT NULL,
  FOREIGN KEY (organisation, version) REFERENCES releases ON DELETE CASCADE
);
CREATE INDEX release_deploys_newest ON release_deploys (organisation, finished_at DESC);

-- Source maps and minified files that were uploaded; their bytes lie in the blob store.
CREATE TABLE artifacts (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  -- SHA-1 of the bundle they came in, or of the file where it came by itself.
  bundle text NOT NULL,
  -- Its name within the bundle.
  path text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('source_map', 'minified_source', 'source', 'other')),
  url text NOT NULL,
  -- Lower case, 32 hexadecimal digits; '' where it has none.
  debug_id text NOT NULL,
  -- Where the file says its source map is; '' where it says nothing.
  map_reference text NOT NULL,
  version text NOT NULL,
  dist text NOT NULL,
  blob text NOT NULL,
  size_bytes bigint NOT NULL,
  uploaded_at timestamptz NOT NULL,
  used_at timestamptz NOT NULL,
  PRIMARY KEY (organisation, bundle, version, dist, path)
);
CREATE INDEX artifacts_debug_id ON artifacts (organisation, debug_id) WHERE debug_id <> '';
CREATE INDEX artifacts_url ON artifacts (organisation, version, url) WHERE version <> '';
CREATE INDEX artifacts_unused ON artifacts (used_at);
