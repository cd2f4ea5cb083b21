/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/verify_log.h"

#include "base/clock.h"

enum { NUMBER_LEN_MAX = 9, MARK_LEN_MAX = 3 * NUMBER_LEN_MAX };

/* The greatest sum of a log's counts that a store can have written, so that no sum of
 * them wraps. */
#define REQUESTS_MAX (INT64_C(1) << 40)

/* ---- octets ---- */

static bool
take_number(struct span *from, int64_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < NUMBER_LEN_MAX && i < from->len; i++) {
		uint8_t octet = (uint8_t)from->ptr[i];

		value |= (uint64_t)(octet & 0x7f) << (7 * i);
		if ((octet & 0x80) != 0)
			continue;
		from->ptr += i + 1;
		from->len -= i + 1;
		*out = (int64_t)value;
		return true;
	}
	return false;
}

static size_t
put_number(char *to, int64_t value)
{
	size_t len = 0;

	for (; value > 0x7f; value >>= 7)
		to[len++] = (char)(0x80 | (value & 0x7f));
	to[len++] = (char)value;
	return len;
}

static bool
is_room(struct span rest)
{
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] != '\0')
			return false;
	return true;
}

static struct verify_mark *
one_more(struct verify_log *log, struct arena *a)
{
	return arena_list_add(
	    a, (void **)&log->marks, &log->len, &log->room, sizeof(*log->marks));
}

static bool
take_mark(struct span *octets, int64_t before_ms, struct verify_mark *m)
{
	int64_t since_ms;

	if (!take_number(octets, &since_ms) || !take_number(octets, &m->requests) ||
	    !take_number(octets, &m->failures))
		return false;
	if (m->requests == 0 || m->requests > REQUESTS_MAX || m->failures > m->requests ||
	    since_ms > CLOCK_MS_MAX - before_ms)
		return false;
	m->at_ms = before_ms + since_ms;
	return true;
}

enum err
verify_log_load(struct verify_log *log, struct arena *a, struct span octets)
{
	int64_t requests = 0;

	*log = (struct verify_log){0};
	while (!is_room(octets)) {
		int64_t before_ms = verify_log_newest(log);

		if (log->len == VERIFY_LOG_EXACT ||
		    !take_mark(&octets, before_ms, one_more(log, a)))
			return ERR_CORRUPT;
		requests += log->marks[log->len - 1].requests;
		if (requests > REQUESTS_MAX)
			return ERR_CORRUPT;
	}
	return OK;
}

bool
verify_log_is_whole(struct span octets)
{
	struct verify_mark m = {.at_ms = 0};
	int64_t requests = 0;
	size_t len = 0;

	while (!is_room(octets)) {
		if (len++ == VERIFY_LOG_EXACT || !take_mark(&octets, m.at_ms, &m))
			return false;
		requests += m.requests;
		if (requests > REQUESTS_MAX)
			return false;
	}
	return true;
}

struct span
verify_log_save(const struct verify_log *log, struct arena *a, size_t len_min)
{
	size_t room = log->len * MARK_LEN_MAX + len_min;
	int64_t before_ms = 0;
	size_t len = 0;
	char *octets;

	if (room == 0)
		return (struct span){NULL, 0};
	octets = arena_alloc(a, room);
	for (size_t i = 0; i < log->len; i++) {
		const struct verify_mark *m = &log->marks[i];

		len += put_number(octets + len, m->at_ms - before_ms);
		len += put_number(octets + len, m->requests);
		len += put_number(octets + len, m->failures);
		before_ms = m->at_ms;
	}
	return (struct span){octets, len < len_min ? len_min : len};
}

/* ---- the log ---- */

/* The first mark after a time. */
static size_t
first_after(const struct verify_log *log, int64_t after_ms)
{
	size_t i = 0;

	while (i < log->len && log->marks[i].at_ms <= after_ms)
		i++;
	return i;
}

void
verify_log_trim(struct verify_log *log, int64_t after_ms)
{
	size_t first = first_after(log, after_ms);

	if (first == 0)
		return;
	log->len -= first;
	memmove(log->marks, log->marks + first, log->len * sizeof(*log->marks));
}

/* The sum of requests and failures. */
static struct verify_mark
sum_after(const struct verify_log *log, int64_t after_ms)
{
	struct verify_mark sum = {0};

	for (size_t i = first_after(log, after_ms); i < log->len; i++) {
		sum.requests += log->marks[i].requests;
		sum.failures += log->marks[i].failures;
	}
	return sum;
}

int64_t
verify_log_requests(const struct verify_log *log, int64_t after_ms)
{
	return sum_after(log, after_ms).requests;
}

int64_t
verify_log_failures(const struct verify_log *log, int64_t after_ms)
{
	return sum_after(log, after_ms).failures;
}

int64_t
verify_log_last_place(const struct verify_log *log, int64_t places)
{
	for (size_t i = log->len; i > 0; i--) {
		places -= log->marks[i - 1].requests;
		if (places <= 0)
			return log->marks[i - 1].at_ms;
	}
	return 0;
}

int64_t
verify_log_failures_end(const struct verify_log *log, int64_t count)
{
	for (size_t i = log->len; i > 0; i--) {
		count -= log->marks[i - 1].failures;
		if (count <= 0)
			return log->marks[i - 1].at_ms;
	}
	return 0;
}

void
verify_log_forgive(struct verify_log *log)
{
	for (size_t i = 0; i < log->len; i++)
		log->marks[i].failures = 0;
}

int64_t
verify_log_newest(const struct verify_log *log)
{
	return log->len > 0 ? log->marks[log->len - 1].at_ms : 0;
}

/* Half as many marks: of two neighbours the later one has the sum. */
static void
put_together(struct verify_log *log)
{
	size_t kept = 0;

	for (size_t i = 0; i + 1 < log->len; i += 2) {
		struct verify_mark later = log->marks[i + 1];

		later.requests += log->marks[i].requests;
		later.failures += log->marks[i].failures;
		log->marks[kept++] = later;
	}
	if (log->len % 2 == 1)
		log->marks[kept++] = log->marks[log->len - 1];
	log->len = kept;
}

/* Requests of one millisecond share a mark; so does one that a clock set back makes
 * earlier than the newest. */
void
verify_log_add(struct verify_log *log, struct arena *a, int64_t now_ms)
{
	if (log->len > 0 && verify_log_newest(log) >= now_ms) {
		log->marks[log->len - 1].requests++;
		return;
	}
	if (log->len == VERIFY_LOG_EXACT)
		put_together(log);
	*one_more(log, a) = (struct verify_mark){now_ms, 1, 0};
}

void
verify_log_fail(struct verify_log *log)
{
	INVARIANT(log->len > 0);
	log->marks[log->len - 1].failures++;
	INVARIANT(log->marks[log->len - 1].failures <= log->marks[log->len - 1].requests);
}
