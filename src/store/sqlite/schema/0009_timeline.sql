-- What the timeline of a PIN tells, in columns of statements that write the row anyway:
-- the last attempt to verify and the last that was right; and the submits of a message
-- that failed, as a JSON array (twofa/submit_history.h), null when the first one was accepted.
ALTER TABLE pin ADD COLUMN attempted_at INTEGER;
ALTER TABLE pin ADD COLUMN matched_at INTEGER;
ALTER TABLE message ADD COLUMN tries TEXT;
