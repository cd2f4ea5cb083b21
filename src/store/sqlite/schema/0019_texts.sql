-- What templates have beyond Infobip's (doc/texts.md). gsm7 is enum gsm7_rule of
-- twofa/sms_equal.h; variants is a JSON object of texts by language.
ALTER TABLE template ADD COLUMN gsm7 INTEGER NOT NULL DEFAULT 0;
ALTER TABLE template ADD COLUMN autofill_domain TEXT;
ALTER TABLE template ADD COLUMN autofill_hash TEXT;
ALTER TABLE template ADD COLUMN variants TEXT;

-- A template by its id alone.
CREATE INDEX IF NOT EXISTS template_id ON template (account, id);

-- The language that a send asked for, which a resend repeats.
ALTER TABLE pin ADD COLUMN language TEXT;
