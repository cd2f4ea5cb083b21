/* SPDX-License-Identifier: Apache-2.0 */
/* Housekeeping of PINs, a stretch at a time: what it is, the engine knows (store/pins.h).
 */
#include "store/upkeep.h"
#include "store/verbs/verbs.h"

static enum err
age(struct batch *b, struct item **items, size_t n)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		struct age_job *j = VERB_OF(items[i], struct age_job);
		struct pins_upkeep u = {.limit = j->limit};

		e = pins_upkeep(b->pins, &u);
		j->scanned = u.scanned;
		j->moved = u.archived;
	}
	return e;
}

const struct verb_row verb_age = {.steps = {age}};
