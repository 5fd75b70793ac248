-- The recorded session in which a person wrote, 32 hexadecimal digits; '' where none was recorded.
ALTER TABLE feedback ADD COLUMN replay_id String;
