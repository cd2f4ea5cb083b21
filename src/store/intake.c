/* SPDX-License-Identifier: Apache-2.0 */
#include "store/intake.h"

/* Of sixteen places in a batch, and of sixteen parts of the room to wait in. */
enum { PARTS = 16 };

static const struct {
	size_t own;   /* places that no other lane takes while this one has jobs */
	size_t bound; /* parts of the room at which this lane is refused */
} shares[INTAKE_LANES] = {
    [INTAKE_URGENT] = {6, 16},
    [INTAKE_RESEND] = {3, 12},
    [INTAKE_SEND] = {5, 8},
    [INTAKE_REST] = {2, 8},
};

void
intake_init(struct intake *in)
{
	*in = (struct intake){0};
	for (size_t i = 0; i < INTAKE_LANES; i++)
		in->lanes[i].last = &in->lanes[i].first;
}

enum intake_lane
intake_lane(enum verb v)
{
	if (v < VERB_RESEND)
		return INTAKE_URGENT;
	if (v == VERB_RESEND)
		return INTAKE_RESEND;
	return v == VERB_SEND ? INTAKE_SEND : INTAKE_REST;
}

size_t
intake_bound(enum verb v, size_t len_max)
{
	size_t bound = len_max * shares[intake_lane(v)].bound / PARTS;

	return bound > 0 ? bound : 1;
}

void
intake_put(struct intake *in, struct task *jobs)
{
	struct task *next;

	for (struct task *t = jobs; t != NULL; t = next) {
		enum intake_lane l = intake_lane(container_of(t, struct job, task)->verb);

		next = t->next;
		t->next = NULL;
		*in->lanes[l].last = t;
		in->lanes[l].last = &t->next;
		in->lanes[l].len++;
		in->len++;
	}
}

/* Moves up to n jobs of a lane to the end of the batch; how many. */
static size_t
move(struct intake *in, size_t lane, size_t n, struct task ***end)
{
	size_t moved = 0;

	while (moved < n && in->lanes[lane].first != NULL) {
		struct task *t = in->lanes[lane].first;

		in->lanes[lane].first = t->next;
		t->next = NULL;
		**end = t;
		*end = &t->next;
		moved++;
	}
	if (in->lanes[lane].first == NULL)
		in->lanes[lane].last = &in->lanes[lane].first;
	in->lanes[lane].len -= moved;
	in->len -= moved;
	return moved;
}

struct task *
intake_take(struct intake *in, size_t most)
{
	struct task *first = NULL;
	struct task **end = &first;
	size_t room = most;

	for (size_t l = 0; l < INTAKE_LANES && in->len > most; l++)
		room -= move(in, l, most * shares[l].own / PARTS, &end);
	for (size_t l = 0; l < INTAKE_LANES; l++)
		room -= move(in, l, room, &end);
	return first;
}
