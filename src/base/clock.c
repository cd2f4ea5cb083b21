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

/* Random for each boot, see random(4). */
static int64_t
system_boot(const struct clock *c)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	unsigned parts[4] = {0};
	int read = 0;

	(void)c;
	if (f == NULL)
		return 0;
	read = fscanf(f, "%8x-%4x-%4x-%4x", &parts[0], &parts[1], &parts[2], &parts[3]);
	(void)fclose(f);
	if (read != (int)countof(parts))
		return 0;
	return (int64_t)((uint64_t)parts[0] << 32 | (uint64_t)parts[1] << 16 | parts[3]);
}

static void
system_fill(const struct entropy *e, void *out, size_t len)
{
	(void)e;
	randombytes_buf(out, len);
}

const struct clock clock_system = {
    system_wall_ms, system_steady_ms, system_used_us, system_boot};
const struct entropy entropy_system = {system_fill};

/* The second that the time is in, also before 1970, and its milliseconds. */
static int
take_apart(int64_t wall_ms, struct tm *tm)
{
	int64_t ms = wall_ms < CLOCK_MS_MIN   ? CLOCK_MS_MIN
		     : wall_ms > CLOCK_MS_MAX ? CLOCK_MS_MAX
					      : wall_ms;
	int rest = (int)(ms % 1000);
	time_t seconds;

	if (rest < 0)
		rest += 1000;
	seconds = (time_t)((ms - rest) / 1000);
	INVARIANT(gmtime_r(&seconds, tm) != NULL);
	return rest;
}

void
clock_format(int64_t wall_ms, char *out, size_t out_len)
{
	struct tm tm;
	int ms = take_apart(wall_ms, &tm);

	INVARIANT(out_len >= 25);
	snprintf(out, out_len, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, ms);
}

void
clock_format_http(int64_t wall_ms, char *out, size_t out_len)
{
	static const char *const days[] = {
	    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm tm;

	INVARIANT(out_len >= 30);
	(void)take_apart(wall_ms, &tm);
	snprintf(out, out_len, "%s, %02d %s %04d %02d:%02d:%02d GMT",
	    days[(unsigned)tm.tm_wday % countof(days)], tm.tm_mday,
	    months[(unsigned)tm.tm_mon % countof(months)], (tm.tm_year + 1900) % 10000,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
}
