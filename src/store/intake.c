/* SPDX-License-Identifier: Apache-2.0 */
#include "store/intake.h"

#include "store/job.h"

/* Shares of a batch and of the room to wait in, in sixteenths. */
enum { PARTS = 16 };

static const struct {
	size_t own;   /* places that no other lane takes while this one has jobs */
	size_t most;  /* places that it takes at the most */
	size_t bound; /* parts of the room at which this lane is refused */
} shares[INTAKE_LANES] = {
    [INTAKE_URGENT] = {11, 16, 16},
    [INTAKE_RESEND] = {2, 16, 12},
    [INTAKE_SEND] = {1, 16, 8},
    [INTAKE_REST] = {1, 4, 8},
    [INTAKE_LISTS] = {0, 0, 8},
};

void
intake_init(struct intake *in)
{
	*in = (struct intake){0};
	for (size_t i = 0; i < INTAKE_LANES; i++)
		in->lanes[i].last = &in->lanes[i].first;
}

size_t
intake_bound(enum verb v, size_t len_max)
{
	size_t bound = len_max * shares[verb_facts[v].lane].bound / PARTS;

	return bound > 0 ? bound : 1;
}

void
intake_put(struct intake *in, struct task *jobs)
{
	struct task *next;

	for (struct task *t = jobs; t != NULL; t = next) {
		const struct job *j = container_of(t, struct job, task);
		enum intake_lane l = verb_facts[j->verb].lane;

		next = t->next;
		t->next = NULL;
		*in->lanes[l].last = t;
		in->lanes[l].last = &t->next;
		in->lanes[l].len++;
		in->len++;
		in->patient += j->patient;
	}
}

/* Moves up to n jobs of a lane to the end of the batch; how many. */
static size_t
move(struct intake *in, size_t lane, size_t n, struct task ***end)
{
	size_t moved = 0;

	while (moved < n && in->lanes[lane].first != NULL) {
		struct task *t = in->lanes[lane].first;

		in->patient -= container_of(t, struct job, task)->patient;
		in->lanes[lane].first = t->next;
		t->next = NULL;
		**end = t;
		*end = &t->next;
		moved++;
	}
	if (in->lanes[lane].first == NULL)
		in->lanes[lane].last = &in->lanes[lane].first;
	INVARIANT(moved <= in->lanes[lane].len && moved <= in->len);
	in->lanes[lane].len -= moved;
	in->len -= moved;
	INVARIANT((in->lanes[lane].first == NULL) == (in->lanes[lane].len == 0));
	INVARIANT(in->patient <= in->len);
	return moved;
}

static bool
is_stale(const struct task *t, int64_t before_ms)
{
	const struct job *j = container_of((struct task *)(uintptr_t)t, struct job, task);

	return j->offered && j->offered_ms < before_ms;
}

struct task *
intake_stale(struct intake *in, size_t most, int64_t before_ms)
{
	struct task *first = NULL;
	struct task **end = &first;

	for (size_t l = INTAKE_URGENT + 1; l < INTAKE_LANES; l++)
		while (in->lanes[l].len > most && is_stale(in->lanes[l].first, before_ms))
			(void)move(in, l, 1, &end);
	return first;
}

/* Parts of a batch as places in it; lists have a number of their own. */
static size_t
places(size_t most, size_t lane, size_t parts)
{
	size_t n = most * parts / PARTS;

	if (lane == INTAKE_LISTS)
		return INTAKE_LISTS_MAX;
	return n > 0 ? n : 1;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

bool
intake_is_patient(const struct intake *in)
{
	return in->len > 0 && in->patient == in->len;
}

struct task *
intake_take(struct intake *in, size_t most)
{
	struct task *first = NULL;
	struct task **end = &first;
	size_t *taken = in->taken;
	size_t room = most;

	for (size_t l = 0; l < INTAKE_LANES; l++) {
		taken[l] = move(in, l, least(room, places(most, l, shares[l].own)), &end);
		room -= taken[l];
	}
	for (size_t l = 0; l < INTAKE_LANES; l++) {
		size_t cap = places(most, l, shares[l].most);
		size_t more = move(in, l, least(room, cap - least(cap, taken[l])), &end);

		taken[l] += more;
		room -= more;
	}
	return first;
}
