-- A run goes on in the middle of a unit that has no minutes: behind which key.
ALTER TABLE scrub_backfills ADD COLUMN cursor text NOT NULL DEFAULT '';
-- What holds personal data and cannot be rewritten, by kind: [{"what": "attachments that are no text", "n": 3}].
ALTER TABLE scrub_backfills ADD COLUMN stays jsonb NOT NULL DEFAULT '[]';
