-- The trace in which a person wrote; zeros where the client told none.
ALTER TABLE feedback ADD COLUMN trace_id FixedString(16);
