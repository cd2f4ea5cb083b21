-- The carrier's ids of a message that went out in several parts, as each part has its own
-- receipt: `carrier_message_id` of the message is null then. The message is delivered
-- with its last part; of any other end one part is enough.
CREATE TABLE message_part (
	pin BLOB NOT NULL,
	seq INTEGER NOT NULL,
	part INTEGER NOT NULL, -- from 0
	carrier TEXT NOT NULL,
	carrier_message_id TEXT NOT NULL,
	delivered INTEGER NOT NULL, -- its receipt said so
	PRIMARY KEY (pin, seq, part)
) STRICT, WITHOUT ROWID;

CREATE INDEX message_part_receipt ON message_part (carrier_message_id, carrier);
