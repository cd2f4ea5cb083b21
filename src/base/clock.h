/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time and randomness as things that are handed in. The rules take `now_ms` and
 * bytes as arguments; the server hands the rooms these two structs; a test or a
 * simulator hands in its own.
 */
#ifndef WW_CLOCK_H
#define WW_CLOCK_H

#include "base.h"

struct clock {
	/* Milliseconds since 1970-01-01T00:00:00Z; may step. */
	int64_t (*wall_ms)(const struct clock *);
	/* Milliseconds that only go forward, counting sleep of the machine. */
	int64_t (*steady_ms)(const struct clock *);
	/* Microseconds of a core that the calling thread has used. */
	int64_t (*used_us)(const struct clock *);
	/* Which boot of the machine steady_ms belongs to: the same number, the same boot.
	 * 0: nobody knows. */
	int64_t (*boot)(const struct clock *);
};

struct entropy {
	void (*fill)(const struct entropy *, void *out, size_t len);
};

/* The machine's own: CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_THREAD_CPUTIME_ID; libsodium's
 * randombytes. */
extern const struct clock clock_system;
extern const struct entropy entropy_system;

/* The range of a year of four digits; times beyond are shown as the nearest. */
#define CLOCK_MS_MIN INT64_C(-62167219200000)
#define CLOCK_MS_MAX INT64_C(253402300799999)

/* "2026-11-23T10:00:00.123Z" into at least 25 bytes (RFC 3339). */
void clock_format(int64_t wall_ms, char *out, size_t out_len);
/* "Mon, 23 Nov 2026 10:00:00 GMT" into at least 30 bytes (RFC 9110 5.6.7). */
void clock_format_http(int64_t wall_ms, char *out, size_t out_len);

#endif
