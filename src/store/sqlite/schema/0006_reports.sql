-- Delivery reports on their way to those who subscribed to them (configuration
-- `reports`). A report is made in the transaction that makes the fate of its message
-- final, and goes when its receiver has taken it, or will not.
CREATE TABLE subscription (
	name TEXT NOT NULL PRIMARY KEY,
	account TEXT NOT NULL, -- its name: it may be made later than this row
	groups INTEGER NOT NULL, -- 1 << group of each status that is wanted
	active INTEGER NOT NULL, -- it stands in the configuration
	queue_max INTEGER NOT NULL,
	queued INTEGER NOT NULL, -- rows of report
	full INTEGER NOT NULL,
	-- for the operator: since the beginning
	dropped INTEGER NOT NULL,
	dead INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE report (
	subscription TEXT NOT NULL,
	pin BLOB NOT NULL,
	seq INTEGER NOT NULL,
	body TEXT NOT NULL, -- the same at every try
	created_at INTEGER NOT NULL,
	tries INTEGER NOT NULL,
	next_at INTEGER NOT NULL, -- while it is being tried: when the trying is given up
	PRIMARY KEY (subscription, pin, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX report_due ON report (subscription, next_at);

-- Messages whose report is still owed: what a receipt that never comes leaves behind.
CREATE INDEX message_tracked ON message (pin, seq) WHERE tracked = 1;
