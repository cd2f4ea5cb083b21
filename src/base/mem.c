/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the process. All that is freed here is wiped first, so that a PIN that passed
 * through a buffer does not outlive the buffer.
 */
#include "base.h"

#include <malloc.h>
#include <stdlib.h>

void *
mem_array(size_t count, size_t size)
{
	void *ptr = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);

	if (ptr == NULL)
		panic("out of memory (%zu x %zu bytes)", count, size);
	return ptr;
}

void *
mem_new(size_t size)
{
	return mem_array(1, size);
}

void
mem_keep_tidy(void)
{
	enum { LARGE = 256 * 1024 };

	mallopt(M_MMAP_THRESHOLD, LARGE);
}

char *
mem_text(const char *text)
{
	char *copy = text == NULL ? NULL : strdup(text);

	if (text != NULL && copy == NULL)
		panic("out of memory (%zu bytes)", strlen(text));
	return copy;
}

void
mem_free(void *ptr)
{
	if (ptr == NULL)
		return;
	explicit_bzero(ptr, malloc_usable_size(ptr));
	free(ptr);
}

/* Libraries that get NULL fail in ways that nobody has tried. */
void *
mem_raw_alloc(size_t size)
{
	void *ptr = malloc(size);

	if (ptr == NULL && size > 0)
		panic("out of memory (%zu bytes)", size);
	return ptr;
}

/* realloc that leaves nothing behind in the old place. */
void *
mem_raw_resize(void *ptr, size_t size)
{
	void *bigger;
	size_t old = ptr == NULL ? 0 : malloc_usable_size(ptr);

	if (old >= size && ptr != NULL)
		return ptr;
	bigger = mem_raw_alloc(size);
	if (ptr != NULL)
		memcpy(bigger, ptr, old);
	mem_free(ptr);
	return bigger;
}
