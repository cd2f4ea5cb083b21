-- The PINs of a destination: what was an index of `pin`, and is kept by the store now. The
-- newest ones stand in memory and enter it in its own order, many to a page, where each
-- would change a page of its own (store/recent.h).
CREATE TABLE destination_pin (
	application BLOB NOT NULL,
	destination TEXT NOT NULL,
	pin BLOB NOT NULL,
	PRIMARY KEY (application, destination, pin)
) STRICT, WITHOUT ROWID;

INSERT INTO destination_pin (application, destination, pin)
	SELECT application, destination, id FROM pin ORDER BY application, destination, id;
DROP INDEX pin_destination;

-- One row: every PIN before this one stands in destination_pin.
CREATE TABLE destination_mark (
	one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
	pin BLOB NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO destination_mark (one, pin) SELECT 1, coalesce(max(id), zeroblob(16)) FROM pin;
