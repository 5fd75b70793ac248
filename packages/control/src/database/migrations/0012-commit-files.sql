-- What a commit changed, as `sentry-cli releases set-commits --local` tells it: at most 200 paths.
ALTER TABLE release_commits ADD COLUMN files text[] NOT NULL DEFAULT '{}';
