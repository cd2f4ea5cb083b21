/* SPDX-License-Identifier: Apache-2.0 */
/* Sound as numbers: one channel of 16 bits, and what a telephone line wants of it. */
#ifndef WW_PCM_H
#define WW_PCM_H

#include "base/base.h"

enum { PCM_LINE_HZ = 8000 }; /* samples a second of a telephone line */

struct pcm {
	uint32_t hz; /* samples a second */
	size_t count;
	int16_t *samples; /* mem_free */
};

/* Empty afterwards, wiped. */
void pcm_fini(struct pcm *p);
/*
 * 8000 samples a second, without the silence at both ends, as loud as all others. A sound
 * that is silent throughout has no samples then.
 */
void pcm_make_line(struct pcm *p);

#endif
