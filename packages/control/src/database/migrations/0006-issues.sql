-- How an issue was resolved: `now`, with the `next-release`, in a `release` or in a `commit`; `resolved_in` names it.
ALTER TABLE issue_states
  ADD COLUMN resolution text NOT NULL DEFAULT 'now' CHECK (resolution IN ('now', 'next-release', 'release', 'commit')),
  ADD COLUMN resolved_in text NOT NULL DEFAULT '' CHECK (length(resolved_in) <= 250),
  -- Until when an ignored issue rests: for ever, a moment (ms), so many more events or users, or until it escalates.
  ADD COLUMN ignored_until text NOT NULL DEFAULT 'forever'
    CHECK (ignored_until IN ('forever', 'time', 'events', 'users', 'escalating')),
  ADD COLUMN ignored_limit double precision,
  ADD COLUMN ignored_at timestamptz,
  -- '' where it follows from the issue itself.
  ADD COLUMN priority text NOT NULL DEFAULT '' CHECK (priority IN ('', 'low', 'medium', 'high'));

ALTER TABLE issue_activity ADD COLUMN kind text NOT NULL DEFAULT 'change' CHECK (kind IN ('change', 'comment'));

-- Issues that a person declared to be one. Never a chain: `into_issue` is merged into nothing.
CREATE TABLE issue_merges (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  issue text NOT NULL CHECK (issue ~ '^[0-9a-f]{16}$'),
  into_issue text NOT NULL CHECK (into_issue ~ '^[0-9a-f]{16}$' AND into_issue <> issue),
  at timestamptz NOT NULL,
  actor text NOT NULL,
  PRIMARY KEY (organisation, issue)
);
CREATE INDEX issue_merges_into ON issue_merges (organisation, into_issue);

-- Texts of rules about errors: how they are grouped, whose they are.
CREATE TABLE error_rules (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('fingerprint', 'stack', 'ownership')),
  content text NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  PRIMARY KEY (organisation, kind)
);

-- Searches over issues that people keep. `person` is '' where everybody sees it.
CREATE TABLE issue_views (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  person text NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  query text NOT NULL,
  sort text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX issue_views_organisation ON issue_views (organisation, name);
