-- Email templates of an application stand in the list of its templates; what they refer to
-- by emailTemplateId is a resource of the account. `kind` is that of twofa/template.h.

ALTER TABLE template ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE template ADD COLUMN email_template INTEGER;
ALTER TABLE template ADD COLUMN landing_page TEXT;

CREATE TABLE email_template (
	account BLOB NOT NULL,
	id INTEGER NOT NULL,
	subject TEXT NOT NULL,
	text TEXT,
	html TEXT,
	landing_page TEXT,
	PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

-- Who refers to an email template, before it is removed.
CREATE INDEX template_email ON template (account, email_template)
	WHERE email_template IS NOT NULL;
