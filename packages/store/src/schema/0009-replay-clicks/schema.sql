-- How often somebody pressed again and again, and how often nothing happened, by what a segment's recording tells.
ALTER TABLE replay_segments ADD COLUMN rage UInt32, ADD COLUMN dead UInt32;
