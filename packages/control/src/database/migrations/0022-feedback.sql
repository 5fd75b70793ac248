-- What people decided about user feedback, which itself lies in the telemetry store. Feedback that nobody touched has no row: unresolved, nobody's, unread.
CREATE TABLE feedback_states (
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  feedback text NOT NULL CHECK (length(feedback) BETWEEN 1 AND 64),
  status text NOT NULL CHECK (status IN ('unresolved', 'resolved', 'spam')),
  assignee text NOT NULL,
  -- When somebody of the organisation opened it first; null while nobody did.
  read_at timestamptz,
  -- When it was written: a list of a time range needs the states of that range alone.
  written_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (organisation, feedback)
);
CREATE INDEX feedback_states_written ON feedback_states (organisation, written_at DESC);
CREATE INDEX feedback_states_assignee ON feedback_states (organisation, assignee) WHERE assignee <> '';

CREATE TABLE feedback_activity (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organisation text NOT NULL,
  feedback text NOT NULL,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  text text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('change', 'comment')),
  FOREIGN KEY (organisation, feedback) REFERENCES feedback_states ON DELETE CASCADE
);
CREATE INDEX feedback_activity_feedback ON feedback_activity (organisation, feedback, id DESC);
