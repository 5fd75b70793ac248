-- Teams: what several people own together. The slug is what rules, searches, labels and policies name, so it never changes.
CREATE TABLE teams (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9_-]{0,49}$'),
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  PRIMARY KEY (organisation, slug)
);
-- Who leaves the organisation leaves its teams.
CREATE TABLE team_members (
  organisation text NOT NULL,
  team text NOT NULL,
  person text NOT NULL,
  role text NOT NULL CHECK (role IN ('lead', 'member')),
  added_at timestamptz NOT NULL,
  PRIMARY KEY (organisation, team, person),
  FOREIGN KEY (organisation, team) REFERENCES teams ON DELETE CASCADE,
  FOREIGN KEY (organisation, person) REFERENCES memberships ON DELETE CASCADE
);
CREATE INDEX team_members_person ON team_members (organisation, person);
-- What a team or a person has; most issues are nobody's.
CREATE INDEX issue_states_assignee ON issue_states (organisation, assignee) WHERE assignee <> '';
-- Teams whose people receive a message: beside one to the channel's own receivers there may be one to theirs.
ALTER TABLE notifications ADD COLUMN teams text[] NOT NULL DEFAULT '{}';
DROP INDEX notifications_once;
CREATE UNIQUE INDEX notifications_once ON notifications (incident, round, step, kind, channel, teams) WHERE incident IS NOT NULL;
