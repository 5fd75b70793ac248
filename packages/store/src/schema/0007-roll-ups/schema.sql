-- A day of roll-ups is done when its row is there: `chunks` is how many chunks of samples it was made of. A day that has more by now got
-- samples since and is made anew. The row of organisation '' is of the whole day and is written last.
ALTER TABLE metric_rollup_days ADD COLUMN chunks UInt64;
