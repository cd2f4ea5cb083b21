/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verify requests of one destination: what verifyPinLimit and the strict profile's
 * failure budget count. It is kept as a few octets in the newest PIN row of the
 * destination (store/verbs/verify.c), so that a request writes no row of its own.
 *
 * Exact for up to VERIFY_LOG_EXACT marks. A log that is longer puts two neighbours
 * together, as if both had come when the later one did: counted too long perhaps, never
 * too short.
 *
 * As octets: for each mark, oldest first, three numbers, seven bits in an octet, the low
 * ones first, the eighth bit set when more follow: milliseconds since the mark before
 * (the first: since 1970), requests, failures. A mark has at least one request, and what
 * follows the last one is zeros: room to grow in.
 */
#ifndef WW_VERIFY_LOG_H
#define WW_VERIFY_LOG_H

#include "base/arena.h"

enum { VERIFY_LOG_EXACT = 512 };

struct verify_mark {
	int64_t at_ms;
	int64_t requests;
	int64_t failures; /* requests that compared a wrong PIN */
};

struct verify_log {
	struct verify_mark *marks; /* in an arena; oldest first */
	size_t len;
	size_t room;
};

/* An empty span is an empty log. ERR_CORRUPT: not what verify_log_save made. */
enum err verify_log_load(
    struct verify_log *log, struct arena *a, struct span octets) MUST_CHECK;
/* Whether that would be OK, without memory. */
bool verify_log_is_whole(struct span octets) MUST_CHECK;
/* At least `len_min` octets, zeros behind the last mark; empty when there is neither. */
struct span verify_log_save(
    const struct verify_log *log, struct arena *a, size_t len_min) MUST_CHECK;

/* Forgets requests up to `after_ms`. */
void verify_log_trim(struct verify_log *log, int64_t after_ms);
/* Requests, and failures, after `after_ms`. */
int64_t verify_log_requests(const struct verify_log *log, int64_t after_ms);
int64_t verify_log_failures(const struct verify_log *log, int64_t after_ms);
/* The time of the places-th newest request; 0: there are fewer. When that request leaves
 * the window, a limit of `places` has room for one more. */
int64_t verify_log_last_place(const struct verify_log *log, int64_t places);
/* The time of the count-th newest failure; 0: there are fewer. When that failure leaves
 * the window, fewer than `count` are in it. */
int64_t verify_log_failures_end(const struct verify_log *log, int64_t count);
/* Takes the failures back; the requests stay. */
void verify_log_forgive(struct verify_log *log);
/* The time of the newest request; 0: there is none. */
int64_t verify_log_newest(const struct verify_log *log);
/* Adds a request; one before the newest counts as of the newest one's time. */
void verify_log_add(struct verify_log *log, struct arena *a, int64_t now_ms);
/* The request that was added last was a failure. */
void verify_log_fail(struct verify_log *log);

#endif
