-- What a lookup said of a message, and who wants to hear what became of it.
-- lookup is the number of twofa/message.h, null where nobody asked; lookup_wanted
-- outlives a restart, so that a message that was not looked up yet still is.
-- tracked: 0 nobody wants a report, 1 one is owed, 2 it was handed over.
ALTER TABLE message ADD COLUMN lookup_wanted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN lookup INTEGER;
ALTER TABLE message ADD COLUMN lookup_at INTEGER;
ALTER TABLE message ADD COLUMN tracked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN sender TEXT;
ALTER TABLE message ADD COLUMN parts INTEGER;
