-- PINs as they are now, for whoever opens the file with sqlite3: what verifies changed stands
-- in the journal (table guess) before it stands in the row. Times in ms, as everywhere.
CREATE VIEW IF NOT EXISTS pin_now AS
	SELECT p.id, p.account, p.application, p.template, p.destination, p.channel,
		p.attempts_max, p.multiple, p.expires_at,
		coalesce(s.attempts, p.attempts) AS attempts,
		coalesce(nullif(s.attempted_at, 0), p.attempted_at) AS attempted_at,
		coalesce(nullif(s.verified_at, 0), p.verified_at) AS verified_at,
		coalesce(nullif(s.matched_at, 0), p.matched_at) AS matched_at,
		coalesce(l.verifies, p.verifies) AS verifies
	FROM pin p
	LEFT JOIN (SELECT pin, attempts, attempted_at, verified_at, matched_at, max(seq)
		FROM guess WHERE attempts > 0 GROUP BY pin) s ON s.pin = p.id
	LEFT JOIN (SELECT pin, verifies, max(seq)
		FROM guess WHERE verifies IS NOT NULL GROUP BY pin) l ON l.pin = p.id;
