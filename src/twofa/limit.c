/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/limit.h"

/* A window touches 65 sub-windows: 64 whole ones and what is left over. */
enum { PARTS = LIMIT_SLOTS - 1 };

static int64_t
width_of(const struct rate *rate)
{
	return (rate->period_ms + PARTS - 1) / PARTS;
}

static size_t
slot(int64_t number)
{
	return (size_t)(number % LIMIT_SLOTS);
}

void
limit_ring_init(struct limit_ring *r)
{
	*r = (struct limit_ring){0};
}

/* Sub-windows that have left the ring are emptied for the ones that take their place. */
static void
advance(struct limit_ring *r, int64_t number)
{
	int64_t fresh = number - r->newest;

	if (fresh <= 0)
		return;
	if (fresh > LIMIT_SLOTS)
		fresh = LIMIT_SLOTS;
	for (int64_t i = 0; i < fresh; i++)
		r->counts[slot(number - i)] = 0;
	r->newest = number;
}

static void
add_capped(uint32_t *to, uint64_t count)
{
	*to = count > UINT32_MAX - *to ? UINT32_MAX : *to + (uint32_t)count;
}

/*
 * Another width: each old count goes to the new sub-window in which the old one ended,
 * or now, whichever is earlier: counted too long perhaps, never too short.
 */
static void
resize(struct limit_ring *r, int64_t width_ms, int64_t now_ms)
{
	struct limit_ring old = *r;

	*r = (struct limit_ring){.width_ms = width_ms, .newest = now_ms / width_ms};
	if (old.width_ms == 0)
		return;
	for (int64_t i = 0; i < LIMIT_SLOTS; i++) {
		int64_t number = old.newest - i;
		int64_t last_ms = (number + 1) * old.width_ms - 1;
		int64_t to = (last_ms < now_ms ? last_ms : now_ms) / width_ms;

		if (number >= 0 && to > r->newest - LIMIT_SLOTS)
			add_capped(&r->counts[slot(to)], old.counts[slot(number)]);
	}
}

/*
 * The sub-window of the first millisecond that the window of now still has. The ring may
 * reach further back, as 64 widths are more than a period that 64 does not divide.
 */
static int64_t
oldest(const struct limit_ring *r, int64_t period_ms, int64_t now_ms)
{
	int64_t first_ms = now_ms - period_ms + 1;
	int64_t number = first_ms < 0 ? 0 : first_ms / r->width_ms;
	int64_t kept = r->newest - PARTS;

	return number > kept ? number : kept;
}

static uint32_t
count_of(const struct limit_ring *r, int64_t number)
{
	return number < 0 ? 0 : r->counts[slot(number)];
}

static uint64_t
counted(const struct limit_ring *r, int64_t from)
{
	uint64_t sum = 0;

	for (int64_t number = from; number <= r->newest; number++)
		sum += count_of(r, number);
	return sum;
}

/* Until enough of the oldest counts have left the window. */
static int64_t
wait_ms(const struct limit_ring *r, const struct rate *rate, int64_t now_ms)
{
	int64_t number = oldest(r, rate->period_ms, now_ms);
	uint64_t left = counted(r, number);

	while (number <= r->newest && left >= (uint64_t)rate->count)
		left -= count_of(r, number++);
	return number * r->width_ms + rate->period_ms - 1 - now_ms;
}

/* As wide as the rate wants, and no older than now. */
static void
bring_up(struct limit_ring *r, const struct rate *rate, int64_t now_ms)
{
	if (r->width_ms != width_of(rate))
		resize(r, width_of(rate), now_ms);
	advance(r, now_ms / r->width_ms);
}

int64_t
limit_ring_room(const struct limit_ring *r, const struct rate *rate, int64_t now_ms,
    int64_t *wait_ms_out)
{
	struct limit_ring next = *r;
	uint64_t taken;

	bring_up(&next, rate, now_ms);
	taken = counted(&next, oldest(&next, rate->period_ms, now_ms));
	*wait_ms_out = 0;
	if (taken < (uint64_t)rate->count)
		return rate->count - (int64_t)taken;
	*wait_ms_out = wait_ms(&next, rate, now_ms);
	return 0;
}

void
limit_ring_add(
    struct limit_ring *r, const struct rate *rate, int64_t now_ms, uint64_t count)
{
	bring_up(r, rate, now_ms);
	add_capped(&r->counts[slot(r->newest)], count);
}

/* ---- as octets ---- */

static void
put_be(uint8_t *out, uint64_t n, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(n >> 8 * (len - 1 - i));
}

static uint64_t
get_be(const char *in, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n = n << 8 | (uint8_t)in[i];
	return n;
}

void
limit_ring_save(const struct limit_ring *r, uint8_t out[LIMIT_RING_BYTES])
{
	put_be(out, (uint64_t)r->width_ms, 8);
	put_be(out + 8, (uint64_t)r->newest, 8);
	for (size_t i = 0; i < LIMIT_SLOTS; i++)
		put_be(out + 16 + 4 * i, r->counts[i], 4);
}

/* No count may be where there was never a width; no time may go over what 64 bits hold.
 */
static bool
is_sound(const struct limit_ring *r)
{
	static const struct limit_ring unused;

	if (r->width_ms == 0)
		return memcmp(r, &unused, sizeof(unused)) == 0;
	return r->width_ms > 0 && r->width_ms <= PERIOD_MS_YEAR / PARTS + 1 &&
	       r->newest >= 0 && r->newest <= INT64_MAX / r->width_ms - LIMIT_SLOTS;
}

enum err
limit_ring_load(struct limit_ring *r, struct span bytes)
{
	if (bytes.len != LIMIT_RING_BYTES)
		return ERR_CORRUPT;
	r->width_ms = (int64_t)get_be(bytes.ptr, 8);
	r->newest = (int64_t)get_be(bytes.ptr + 8, 8);
	for (size_t i = 0; i < LIMIT_SLOTS; i++)
		r->counts[i] = (uint32_t)get_be(bytes.ptr + 16 + 4 * i, 4);
	return is_sound(r) ? OK : ERR_CORRUPT;
}
