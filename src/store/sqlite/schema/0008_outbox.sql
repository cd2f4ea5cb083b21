-- What a start needs to know of a message that an earlier run left open: which owner
-- (the number of a start) has it, how often it was taken over or rendered after that,
-- and which carriers have seen it (names, a line each; at most two).
ALTER TABLE message ADD COLUMN owner INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN starts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN tried TEXT;
