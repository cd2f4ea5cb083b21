/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <stdarg.h>
#include <stdio.h>

#define CHUNK_LEN 2048u

struct arena_chunk {
	struct arena_chunk *next;
	max_align_t bytes[];
};

void
arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

void
arena_fini(struct arena *a)
{
	struct arena_chunk *chunk = a->chunks;

	while (chunk != NULL) {
		struct arena_chunk *next = chunk->next;

		mem_free(chunk);
		chunk = next;
	}
	arena_init(a);
}

static void
add_chunk(struct arena *a, size_t size)
{
	size_t len = size > CHUNK_LEN ? size : CHUNK_LEN;
	struct arena_chunk *chunk = mem_new(sizeof(*chunk) + len);

	chunk->next = a->chunks;
	a->chunks = chunk;
	a->next = (char *)chunk->bytes;
	a->left = len;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	size_t align = _Alignof(max_align_t);
	char *ptr;

	INVARIANT(size < SIZE_MAX - align);
	size = (size + align - 1) / align * align;
	if (size > a->left)
		add_chunk(a, size);
	ptr = a->next;
	a->next += size;
	a->left -= size;
	return ptr;
}

char *
arena_text(struct arena *a, struct span s)
{
	char *text = arena_alloc(a, s.len + 1);

	if (s.len > 0)
		memcpy(text, s.ptr, s.len);
	return text;
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap;
	va_list again;
	char *text;
	int len;

	va_start(ap, format);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	INVARIANT(len >= 0);
	text = arena_alloc(a, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	return text;
}

struct span
arena_percent_decoded(struct arena *a, struct span s, bool plus_is_space)
{
	char *out = arena_alloc(a, s.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '%' && i + 2 < s.len && hex_digit_value(s.ptr[i + 1]) >= 0 &&
		    hex_digit_value(s.ptr[i + 2]) >= 0) {
			c = (char)(hex_digit_value(s.ptr[i + 1]) * 16 +
				   hex_digit_value(s.ptr[i + 2]));
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		out[len++] = c;
	}
	return (struct span){out, len};
}

void *
arena_list_add(struct arena *a, void **list, size_t *count, size_t *capacity, size_t size)
{
	if (*count == *capacity) {
		size_t more = *capacity == 0 ? 8 : *capacity * 2;
		void *bigger = arena_alloc(a, more * size);

		if (*count > 0)
			memcpy(bigger, *list, *count * size);
		*list = bigger;
		*capacity = more;
	}
	return (char *)*list + (*count)++ * size;
}
