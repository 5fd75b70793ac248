-- How long a profile lasted and how often it was sampled, so that a list can say it and a moment finds its chunk without reading files; 0 for what came before.
ALTER TABLE profiles ADD COLUMN duration_ms UInt32;
ALTER TABLE profiles ADD COLUMN samples UInt32;
ALTER TABLE profiles ADD INDEX ix_profile profile_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE profiles ADD INDEX ix_profiler profiler_id TYPE bloom_filter(0.01) GRANULARITY 1;
