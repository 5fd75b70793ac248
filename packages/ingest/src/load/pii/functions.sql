-- Where loading statements scrub, with the names of the fields. They scrub as `scrub` does, and the names cost nothing; for an
-- organisation with rules of its own, functions that know its rules stand in their place (own-scrub.ts).
CREATE OR REPLACE FUNCTION scrub_record AS (fields, glued) -> unglue(scrub(glued));
CREATE OR REPLACE FUNCTION scrub_text AS (field, b) -> scrub(b);
CREATE OR REPLACE FUNCTION scrub_texts AS (fields, texts) -> arrayMap(t -> scrub(t), texts);
-- What a person gave to be answered: no detector looks at it, rules of the organisation do.
CREATE OR REPLACE FUNCTION scrub_given AS (field, b) -> b;

-- Sixteen letters from a to p: no detector takes them for a number.
CREATE OR REPLACE FUNCTION salted AS (text, salt) -> translate(lower(hex(substring(HMAC('sha256', text, salt), 1, 8))), '0123456789', 'ghijklmnop');
