/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admission to the store's queue. There is a bound on all that waits, of which sends may
 * use half and verifies all (intake.h); and a lane in which jobs have to wait gets no
 * more of them than it was seen to do in ADMISSION_WAIT_MS, so that a job that is let in
 * is served soon, and one that is not is refused at once. A lane that fits into a batch
 * is not crowded, and what it has room for grows.
 *
 * Asked by any thread; fed by the store's.
 */
#ifndef WW_ADMISSION_H
#define WW_ADMISSION_H

#include <stdatomic.h>

#include "store/intake.h"
#include "store/job.h"

enum { ADMISSION_WAIT_MS = 200 };

struct admission {
	size_t len_max;  /* jobs, of all lanes */
	size_t room_min; /* of any lane */
	atomic_size_t waiting;
	struct admission_lane {
		atomic_size_t waiting; /* let in and not finished */
		atomic_size_t room;
		/* the store's: what was taken since then, while others had to wait */
		bool crowded;
		int64_t since_ms;
		size_t taken;
	} lanes[INTAKE_LANES];
};

void admission_init(struct admission *a, size_t len_max, size_t batch_max);
/* Whether one more of this verb would be let in just now. */
bool admission_has_room(const struct admission *a, enum verb v) MUST_CHECK;
/* False: it may not wait. */
bool admission_enter(struct admission *a, enum verb v) MUST_CHECK;
void admission_leave(struct admission *a, enum verb v);
/* A batch took so many out of this lane and left others; at a steady time. */
void admission_took(struct admission *a, enum intake_lane lane, size_t taken, size_t left,
    int64_t now_ms);

#endif
