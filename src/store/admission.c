/* SPDX-License-Identifier: Apache-2.0 */
#include "store/admission.h"

#include "store/job.h"

/* How long a lane is watched before its speed is believed. */
enum { LOOK_MS = 50, ROOM_MIN_PART = 8 /* of a batch */ };

void
admission_init(struct admission *a, size_t len_max, size_t batch_max)
{
	*a =
	    (struct admission){.len_max = len_max, .room_min = batch_max / ROOM_MIN_PART};
	for (size_t l = 0; l < INTAKE_LANES; l++)
		atomic_store(&a->lanes[l].room, len_max);
}

static bool
fits(const struct admission *a, enum verb v, size_t waiting, size_t in_lane)
{
	return waiting < intake_bound(v, a->len_max) &&
	       in_lane < atomic_load_explicit(
			     &a->lanes[verb_facts[v].lane].room, memory_order_relaxed);
}

bool
admission_has_room(const struct admission *a, enum verb v)
{
	return fits(a, v, atomic_load_explicit(&a->waiting, memory_order_relaxed),
	    atomic_load_explicit(
		&a->lanes[verb_facts[v].lane].waiting, memory_order_relaxed));
}

bool
admission_enter(struct admission *a, enum verb v)
{
	size_t waiting = atomic_fetch_add(&a->waiting, 1);
	size_t in_lane = atomic_fetch_add(&a->lanes[verb_facts[v].lane].waiting, 1);

	if (fits(a, v, waiting, in_lane))
		return true;
	admission_leave(a, v);
	return false;
}

void
admission_leave(struct admission *a, enum verb v)
{
	size_t waiting = atomic_fetch_sub(&a->waiting, 1);
	size_t in_lane = atomic_fetch_sub(&a->lanes[verb_facts[v].lane].waiting, 1);

	INVARIANT(waiting > 0 && in_lane > 0);
}

static void
set_room(struct admission *a, struct admission_lane *lane, size_t room)
{
	if (room < a->room_min)
		room = a->room_min;
	atomic_store(&lane->room, room < a->len_max ? room : a->len_max);
}

/* Half of what was known and half of what was seen: one slow sync is not the rule. */
static void
learn(struct admission *a, struct admission_lane *lane, int64_t now_ms)
{
	size_t seen;

	INVARIANT(now_ms > lane->since_ms);
	seen = lane->taken * ADMISSION_WAIT_MS / (size_t)(now_ms - lane->since_ms);
	set_room(a, lane, (atomic_load(&lane->room) + seen) / 2);
	lane->crowded = false;
}

void
admission_took(
    struct admission *a, enum intake_lane l, size_t taken, size_t left, int64_t now_ms)
{
	struct admission_lane *lane = &a->lanes[l];

	if (lane->crowded && now_ms - lane->since_ms >= LOOK_MS)
		learn(a, lane, now_ms);
	if (left == 0) {
		lane->crowded = false;
		set_room(a, lane, atomic_load(&lane->room) + taken);
		return;
	}
	if (!lane->crowded) {
		lane->crowded = true;
		lane->since_ms = now_ms;
		lane->taken = 0;
	}
	lane->taken += taken;
}
