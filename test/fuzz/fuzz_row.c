/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns of rows that are more than a number: the log of verify requests and the ring of
 * a limit. A column that loads is one that a save makes, and its counts are never below
 * zero.
 */
#include "fuzz.h"
#include "twofa/limit.h"
#include "twofa/verify_log.h"

#define NOW_MS INT64_C(1800000000000)
#define MANY (INT64_C(1) << 39)

static void
read_log(struct span octets)
{
	struct verify_log log = {0};
	struct arena arena;

	arena_init(&arena);
	if (verify_log_load(&log, &arena, octets) == OK) {
		INVARIANT(verify_log_requests(&log, 0) >= 0);
		INVARIANT(verify_log_failures(&log, 0) <= verify_log_requests(&log, 0));
		verify_log_add(&log, &arena, NOW_MS);
		INVARIANT(verify_log_requests(&log, 0) > MANY ||
			  verify_log_load(
			      &log, &arena, verify_log_save(&log, &arena, 0)) == OK);
	}
	arena_fini(&arena);
}

static void
read_ring(struct span octets)
{
	struct rate rate = {.count = 100, .period_ms = 86400000};
	uint8_t saved[LIMIT_RING_BYTES];
	struct limit_ring ring;
	int64_t wait_ms;

	if (limit_ring_load(&ring, octets) != OK)
		return;
	INVARIANT(limit_ring_room(&ring, &rate, NOW_MS, &wait_ms) <= rate.count);
	limit_ring_add(&ring, &rate, NOW_MS, 3);
	limit_ring_save(&ring, saved);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = {data, len};
	bool is_ring = fuzz_octet(&in) % 2 == 1;
	struct span octets = fuzz_copy(in.ptr, in.len);

	if (is_ring)
		read_ring(octets);
	else
		read_log(octets);
	fuzz_forget(octets);
	return 0;
}
