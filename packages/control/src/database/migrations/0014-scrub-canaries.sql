-- Synthetic personal data that is planted each day in every organisation, and what was found of it in the tables afterwards.
CREATE TABLE scrub_canaries (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisations ON DELETE CASCADE,
  -- Day in UTC; of those planted by hand there may be more.
  day date NOT NULL,
  by_hand boolean NOT NULL,
  state text NOT NULL CHECK (state IN ('begun', 'planted', 'clean', 'found', 'lost')),
  begun_at timestamptz NOT NULL,
  planted_at timestamptz,
  checked_at timestamptz,
  -- One who died while planting or looking is followed by another.
  claimed_until timestamptz NOT NULL,
  planted jsonb NOT NULL,
  found jsonb NOT NULL,
  -- The finding has been told.
  told boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX scrub_canaries_day ON scrub_canaries (organisation, day) WHERE NOT by_hand;
CREATE INDEX scrub_canaries_open ON scrub_canaries (claimed_until) WHERE state IN ('begun', 'planted') OR NOT told;
CREATE INDEX scrub_canaries_recent ON scrub_canaries (organisation, begun_at DESC);
