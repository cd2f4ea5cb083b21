-- What guesses change of a PIN, in the order they came, until it stands in the PIN's row: a
-- guess would change a page of its own there (store/guesses.h). attempts 0: no guess, and
-- only `verifies` is news. verifies null: it stays. Times in ms; 0: never.
CREATE TABLE guess (
	seq INTEGER PRIMARY KEY,
	pin BLOB NOT NULL,
	attempts INTEGER NOT NULL,
	attempted_at INTEGER NOT NULL,
	verified_at INTEGER NOT NULL,
	matched_at INTEGER NOT NULL,
	verifies BLOB
) STRICT;
