/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of one request: allocate and forget. Everything is released, and wiped,
 * at once when the request is over, so an error path has nothing to free.
 * Allocation never returns NULL: what a request may ask for is bounded by the
 * limits on its body, and a process out of memory stops.
 */
#ifndef WW_ARENA_H
#define WW_ARENA_H

#include "base.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	char *next;
	size_t left;
};

void arena_init(struct arena *a);
void arena_fini(struct arena *a);
/* Zeroed and aligned for any type. */
void *arena_alloc(struct arena *a, size_t size) MUST_CHECK;
/* One more zeroed element of a list in the arena, which grows by doubling. All zero at
 * first. */
void *arena_list_add(struct arena *a, void **list, size_t *count, size_t *capacity,
    size_t size) MUST_CHECK;
/* Terminated copies. */
char *arena_text(struct arena *a, struct span s) MUST_CHECK;
char *arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
/* %41 is A (RFC 3986, 2.1), and in forms + is a space; an escape that is none stays. It
 * may have zeros in it, and is terminated. */
struct span arena_percent_decoded(
    struct arena *a, struct span s, bool plus_is_space) MUST_CHECK;

#endif
