-- Detect, respond and fleet. Times are timestamptz; ids are made by Sightline. Settings that may hold a secret are sealed
-- (AES-256-GCM under the instance's key); what is not secret is jsonb.

-- Who does a share of work at the moment: 'rules/3', 'escalation', 'link-watch'. A lease that ran out may be taken by anybody.
CREATE TABLE leases (
  name text PRIMARY KEY,
  holder text NOT NULL,
  until timestamptz NOT NULL,
  -- How far the holder came, for who takes over.
  note jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE policies (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- [{"waitMs": 0, "channels": ["chn_…"]}, {"waitMs": 300000, "channels": […]}]: each waits after the step before it.
  steps jsonb NOT NULL,
  -- How many more times the steps are walked when nobody acknowledges.
  repeats int NOT NULL CHECK (repeats BETWEEN 0 AND 100),
  is_default boolean NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  UNIQUE (organisation, name)
);
CREATE UNIQUE INDEX policies_default ON policies (organisation) WHERE is_default;

CREATE TABLE channels (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- Name of a `defineChannel`: 'slack', 'email', 'webhook'.
  type text NOT NULL,
  settings_sealed bytea NOT NULL,
  enabled boolean NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  last_delivered_at timestamptz,
  last_failed_at timestamptz,
  last_error text NOT NULL DEFAULT '',
  UNIQUE (organisation, name)
);

CREATE TABLE rules (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  description text NOT NULL,
  -- Name of a `defineRuleType`: 'threshold', 'absence'.
  type text NOT NULL,
  settings jsonb NOT NULL,
  severity text NOT NULL CHECK (severity IN ('critical', 'high', 'medium', 'low')),
  enabled boolean NOT NULL,
  -- '' is the organisation's default policy.
  policy text NOT NULL,
  runbook text NOT NULL,
  labels jsonb NOT NULL,
  every_ms int NOT NULL CHECK (every_ms BETWEEN 10000 AND 86400000),
  -- The condition must hold this long before it is a finding.
  for_ms int NOT NULL CHECK (for_ms BETWEEN 0 AND 86400000),
  -- Which of the ready rules it is; '' for those people made. Ready rules come once for an organisation and are theirs to change.
  ready text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  -- Set where it was deleted: it stays until its findings are resolved; a ready rule stays as the mark that it was there.
  deleted_at timestamptz,
  last_run_at timestamptz,
  last_error text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX rules_name ON rules (organisation, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX rules_ready ON rules (organisation, ready) WHERE ready <> '';
-- Loading what changed since the last look is one index scan.
CREATE INDEX rules_updated_at ON rules (updated_at, id);

-- Groups of a rule whose condition holds: waiting for the rule's `for`, or found. Groups that are well have no row.
CREATE TABLE rule_states (
  organisation text NOT NULL,
  rule text NOT NULL REFERENCES rules ON DELETE CASCADE,
  -- SHA-256 of the sorted labels, hexadecimal, 32 digits.
  group_key text NOT NULL,
  labels jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'firing')),
  since timestamptz NOT NULL,
  value double precision,
  PRIMARY KEY (rule, group_key)
);
CREATE INDEX rule_states_organisation ON rule_states (organisation);

CREATE TABLE incidents (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  -- Counted from 1 in each organisation: what people say to each other.
  number bigint NOT NULL,
  -- 'site:STORE_047', 'rule:rul_…', 'finding:<key>': at most one that is not resolved of each.
  group_key text NOT NULL,
  title text NOT NULL,
  -- The measure of its worst finding, or how much of it still fires.
  summary text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('critical', 'high', 'medium', 'low')),
  status text NOT NULL CHECK (status IN ('open', 'acknowledged', 'resolved')),
  -- '' where it is not about one site.
  site text NOT NULL,
  labels jsonb NOT NULL,
  runbook text NOT NULL,
  opened_at timestamptz NOT NULL,
  acknowledged_at timestamptz,
  acknowledged_by text NOT NULL DEFAULT '',
  assignee text NOT NULL DEFAULT '',
  resolved_at timestamptz,
  resolved_by text NOT NULL DEFAULT '',
  -- 'remote', 'on-site', 'by-itself', 'false-alarm'; '' while it is not resolved.
  resolved_how text NOT NULL DEFAULT '' CHECK (resolved_how IN ('', 'remote', 'on-site', 'by-itself', 'false-alarm')),
  resolved_note text NOT NULL DEFAULT '',
  -- '' is the organisation's default policy at the time of each step.
  policy text NOT NULL,
  -- Raised when it comes back or gets worse: each round walks the policy from its first step.
  round int NOT NULL DEFAULT 1,
  -- What the round's first step tells: 'opened', 'worse', 'reopened'.
  round_kind text NOT NULL DEFAULT 'opened',
  -- How often it came back within minutes of having ended.
  flaps int NOT NULL DEFAULT 0,
  -- The step to be taken next, counted from 0 over all repeats.
  next_step int NOT NULL DEFAULT 0,
  -- When it is to be taken; NULL when nothing is to be escalated.
  escalate_at timestamptz,
  -- '' or why nothing is escalated although nobody acknowledged: 'silence:sil_…', 'link:STORE_047'.
  held_by text NOT NULL DEFAULT '',
  -- '' or why nobody could be told of it.
  unreachable text NOT NULL DEFAULT '',
  -- Resolved by a person while it still fired: it opens again at this moment unless it ended by then.
  reopen_at timestamptz,
  -- What was captured when it opened; NULL until it is.
  evidence jsonb,
  evidence_tries int NOT NULL DEFAULT 0,
  -- Findings it held that have gone on to a later incident, as they were.
  past_findings jsonb NOT NULL DEFAULT '[]',
  -- When it is to be captured, or tried again; NULL when it is, or was tried often enough.
  evidence_at timestamptz,
  updated_at timestamptz NOT NULL,
  UNIQUE (organisation, number)
);
CREATE UNIQUE INDEX incidents_open_group ON incidents (organisation, group_key) WHERE status <> 'resolved';
CREATE INDEX incidents_escalate_at ON incidents (escalate_at) WHERE escalate_at IS NOT NULL;
CREATE INDEX incidents_reopen_at ON incidents (reopen_at) WHERE reopen_at IS NOT NULL;
CREATE INDEX incidents_forgotten ON incidents (resolved_at) WHERE status = 'resolved';
CREATE INDEX incidents_evidence_at ON incidents (evidence_at) WHERE evidence_at IS NOT NULL;
CREATE INDEX incidents_listed ON incidents (organisation, status, opened_at DESC);
CREATE INDEX incidents_site ON incidents (organisation, site, opened_at DESC);

-- What was found, by key: firing once however often it is seen.
CREATE TABLE findings (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  -- SHA-256 of source, source id and sorted labels, hexadecimal, 32 digits.
  key text NOT NULL,
  source text NOT NULL CHECK (source IN ('rule', 'monitor', 'link', 'alertmanager')),
  source_id text NOT NULL,
  state text NOT NULL CHECK (state IN ('firing', 'resolved')),
  severity text NOT NULL CHECK (severity IN ('critical', 'high', 'medium', 'low')),
  title text NOT NULL,
  summary text NOT NULL,
  site text NOT NULL,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  value double precision,
  threshold double precision,
  unit text NOT NULL,
  link text NOT NULL,
  since timestamptz NOT NULL,
  -- When we were first told that it fires; it may have begun long before.
  found_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL,
  resolved_at timestamptz,
  -- Senders that must repeat themselves (Alertmanager's API): resolved by itself after this moment.
  expires_at timestamptz,
  -- '' or why it opens no incident: 'silence:sil_…', 'link:STORE_047'.
  suppressed_by text NOT NULL DEFAULT '',
  incident text REFERENCES incidents ON DELETE SET NULL,
  policy text NOT NULL,
  runbook text NOT NULL,
  PRIMARY KEY (organisation, key)
);
CREATE INDEX findings_firing ON findings (organisation, site) WHERE state = 'firing';
CREATE INDEX findings_incident ON findings (incident);
CREATE INDEX findings_expires_at ON findings (expires_at) WHERE state = 'firing' AND expires_at IS NOT NULL;
CREATE INDEX findings_source ON findings (organisation, source, source_id);
CREATE INDEX findings_forgotten ON findings (last_seen_at) WHERE state = 'resolved' AND incident IS NULL;
CREATE INDEX findings_suppressed ON findings (organisation) WHERE state = 'firing' AND suppressed_by <> '';

-- The time line that writes itself.
CREATE TABLE incident_events (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  organisation text NOT NULL,
  incident text NOT NULL REFERENCES incidents ON DELETE CASCADE,
  at timestamptz NOT NULL,
  -- 'opened', 'finding', 'worse', 'notified', 'not-notified', 'escalated', 'acknowledged', 'handed-over', 'note', 'action', 'evidence',
  -- 'suppressed', 'finding-resolved', 'resolved', 'reopened'.
  kind text NOT NULL,
  -- A person's e-mail address, a key's name, or '' for Sightline itself.
  actor text NOT NULL,
  text text NOT NULL,
  detail jsonb NOT NULL
);
CREATE INDEX incident_events_incident ON incident_events (incident, id);

-- One message to one channel: the queue and the delivery log in one.
CREATE TABLE notifications (
  id text PRIMARY KEY,
  -- The order in which they are delivered and listed.
  number bigint GENERATED ALWAYS AS IDENTITY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  -- NULL for a test message.
  incident text REFERENCES incidents ON DELETE CASCADE,
  channel text NOT NULL,
  channel_name text NOT NULL,
  channel_type text NOT NULL,
  -- 'opened', 'escalated', 'worse', 'acknowledged', 'resolved', 'reopened', 'fallback', 'test'.
  kind text NOT NULL,
  round int NOT NULL,
  step int NOT NULL,
  -- Further words for who reads it, such as why it comes to them.
  note text NOT NULL,
  -- Overrides the channel's own receivers (the owner, when a policy reaches nobody); empty otherwise.
  receivers text[] NOT NULL,
  status text NOT NULL CHECK (status IN ('waiting', 'delivered', 'failed', 'cancelled')),
  attempts int NOT NULL DEFAULT 0,
  -- [{"at": ms, "ending": "delivered" | "retry" | "failed", "detail": "…", "tookMs": 12}], the last 20.
  log jsonb NOT NULL DEFAULT '[]',
  next_at timestamptz NOT NULL,
  lease_until timestamptz,
  created_at timestamptz NOT NULL,
  finished_at timestamptz
);
-- A step is told to a channel once, whoever takes it and however often it is tried.
CREATE UNIQUE INDEX notifications_once ON notifications (incident, round, step, kind, channel) WHERE incident IS NOT NULL;
CREATE INDEX notifications_waiting ON notifications (next_at) WHERE status = 'waiting';
CREATE INDEX notifications_channel ON notifications (channel, number) WHERE status = 'waiting';
CREATE INDEX notifications_listed ON notifications (organisation, number DESC);
CREATE INDEX notifications_incident ON notifications (incident);

CREATE TABLE silences (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  -- Alertmanager's form: [{"name": "site", "value": "STORE_047", "isRegex": false, "isEqual": true}].
  matchers jsonb NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  created_by text NOT NULL,
  comment text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX silences_ends_at ON silences (organisation, ends_at);

CREATE TABLE monitors (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  -- Name of a `defineMonitorType`: 'http', 'tcp', 'heartbeat'.
  type text NOT NULL,
  settings_sealed bytea NOT NULL,
  -- '' or the site it is about.
  site text NOT NULL,
  runs_on text NOT NULL CHECK (runs_on IN ('server', 'agent')),
  every_ms bigint NOT NULL CHECK (every_ms BETWEEN 10000 AND 2678400000),
  timeout_ms int NOT NULL CHECK (timeout_ms BETWEEN 100 AND 120000),
  -- Further tries, at short distance, before a failure is believed.
  retries int NOT NULL CHECK (retries BETWEEN 0 AND 10),
  severity text NOT NULL CHECK (severity IN ('critical', 'high', 'medium', 'low')),
  policy text NOT NULL,
  runbook text NOT NULL,
  enabled boolean NOT NULL,
  -- Heartbeats: the hash of the word in their address, and the word itself, sealed, to be shown again.
  token_hash bytea UNIQUE,
  token_sealed bytea,
  state text NOT NULL CHECK (state IN ('unknown', 'up', 'down')),
  state_since timestamptz NOT NULL,
  -- How long it had been up when it went down; NULL where that is not known.
  up_for_ms double precision,
  failures int NOT NULL DEFAULT 0,
  last_checked_at timestamptz,
  last_message text NOT NULL DEFAULT '',
  last_duration_ms double precision,
  -- Heartbeats: when the job said that it began; NULL while it does not run.
  started_at timestamptz,
  -- When it is to be run next; of heartbeats, when they are late.
  next_run_at timestamptz NOT NULL,
  lease_until timestamptz,
  -- Whether its finding is still to be told (again); `told_labels` are those of the finding that fires, NULL when none does.
  to_tell boolean NOT NULL DEFAULT false,
  told_labels jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  -- Removed by a person; the row goes once its finding is told to be over.
  removed_at timestamptz
);
CREATE UNIQUE INDEX monitors_name ON monitors (organisation, name) WHERE removed_at IS NULL;
CREATE INDEX monitors_next_run_at ON monitors (next_run_at) WHERE enabled AND removed_at IS NULL AND runs_on = 'server';
CREATE INDEX monitors_agent ON monitors (organisation, site) WHERE runs_on = 'agent';
CREATE INDEX monitors_to_tell ON monitors (updated_at) WHERE to_tell;
-- The history of one site: what was done to it, newest first.
CREATE INDEX audit_entries_subject ON audit_entries (organisation, subject text_pattern_ops, number);

-- One-time tokens with which a site's agent enrols.
CREATE TABLE enrolments (
  token_hash bytea PRIMARY KEY,
  id text NOT NULL UNIQUE,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  site text NOT NULL CHECK (length(site) BETWEEN 1 AND 200),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  agent text
);
CREATE INDEX enrolments_organisation ON enrolments (organisation, created_at);

CREATE TABLE agents (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  site text NOT NULL,
  name text NOT NULL,
  token_hash bytea NOT NULL UNIQUE,
  -- Id in api_keys of the ingest-only key that the agent forwards with.
  key_id text NOT NULL,
  enrolled_at timestamptz NOT NULL,
  enrolled_by text NOT NULL,
  revoked_at timestamptz,
  version text NOT NULL,
  -- What the agent says of its machine: {"host", "os", "arch", "cpus", "memoryBytes", "node"}.
  facts jsonb NOT NULL,
  -- What its local policy lets us do: {"restart": ["backend"], "logs": ["*"], …}.
  policy jsonb NOT NULL,
  -- What waits in its spool: {"waitingRecords", "waitingBytes", "oldestAt", "dropped": {…}}.
  spool jsonb NOT NULL,
  link text NOT NULL CHECK (link IN ('never', 'up', 'down')),
  link_since timestamptz NOT NULL,
  last_seen_at timestamptz,
  last_address text NOT NULL DEFAULT '',
  -- Site clock minus ours, milliseconds; NULL until measured.
  clock_skew_ms double precision,
  -- The connection that holds the link, on whichever server; a later one takes its place.
  link_session text NOT NULL DEFAULT '',
  -- Since when its lost link is a finding; NULL while it is none.
  link_found_at timestamptz,
  -- What the last loss of the link turned out to be, in words.
  link_verdict text NOT NULL DEFAULT '',
  -- Containers as the agent told them last, and when it did, by our clock.
  containers jsonb NOT NULL DEFAULT '[]',
  containers_at timestamptz
);
CREATE INDEX agents_site ON agents (organisation, site);
-- The link watch looks here each second.
CREATE INDEX agents_linked ON agents (id) WHERE revoked_at IS NULL AND link = 'up';
CREATE INDEX agents_lost ON agents (link_since) WHERE revoked_at IS NULL AND link = 'down' AND link_found_at IS NULL;
CREATE INDEX agents_found ON agents (id) WHERE link_found_at IS NOT NULL;

-- 'operate': may do at sites what a responder may.
ALTER TABLE api_keys DROP CONSTRAINT api_keys_permissions_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_permissions_check
  CHECK (permissions <@ ARRAY['ingest', 'query', 'any-organisation', 'operate'] AND cardinality(permissions) > 0);
