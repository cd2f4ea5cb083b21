-- API keys as resources, users, and what users sign in to.

-- Where, when and for what a key is valid (twofa/key_terms.h). Addresses are texts
-- between single spaces; none means everywhere.
ALTER TABLE api_key ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1;
ALTER TABLE api_key ADD COLUMN valid_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN valid_to INTEGER;
ALTER TABLE api_key ADD COLUMN permissions INTEGER NOT NULL DEFAULT 1;
ALTER TABLE api_key ADD COLUMN allowed TEXT NOT NULL DEFAULT '';
CREATE INDEX api_key_account ON api_key (account, id);

-- The password is Argon2id's text, which carries its salt and costs.
CREATE TABLE account_user (
	id BLOB NOT NULL PRIMARY KEY,
	account BLOB NOT NULL,
	name TEXT NOT NULL UNIQUE,
	password TEXT NOT NULL,
	scopes INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	disabled_at INTEGER
) STRICT, WITHOUT ROWID;

-- Sessions (kind 0) and OAuth tokens (kind 1). Only the BLAKE2b-256 of a token is
-- kept. The address is null when a session may move. The end of a session moves as
-- it is used, written now and then.
CREATE TABLE session (
	hash BLOB NOT NULL PRIMARY KEY,
	account_user BLOB NOT NULL,
	kind INTEGER NOT NULL,
	address BLOB,
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX session_user ON session (account_user, expires_at);
CREATE INDEX session_end ON session (expires_at);
