/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <sodium.h>
#include <stdio.h>
#include <time.h>

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	INVARIANT(clock_gettime(id, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t
system_wall_ms(const struct clock *c)
{
	(void)c;
	return read_us(CLOCK_REALTIME) / 1000;
}

static int64_t
system_steady_ms(const struct clock *c)
{
	(void)c;
	return read_us(CLOCK_BOOTTIME) / 1000;
}

static int64_t
system_used_us(const struct clock *c)
{
	(void)c;
	return read_us(CLOCK_THREAD_CPUTIME_ID);
}

static void
system_fill(const struct entropy *e, void *out, size_t len)
{
	(void)e;
	randombytes_buf(out, len);
}

const struct clock clock_system = {system_wall_ms, system_steady_ms, system_used_us};
const struct entropy entropy_system = {system_fill};

void
clock_format(int64_t wall_ms, char *out, size_t out_len)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	INVARIANT(out_len >= 25);
	INVARIANT(gmtime_r(&seconds, &tm) != NULL);
	snprintf(out, out_len, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, (int)(wall_ms % 1000));
}
