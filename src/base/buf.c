/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
buf_init(struct buf *b, size_t len_max)
{
	*b = (struct buf){.len_max = len_max};
}

void
buf_fini(struct buf *b)
{
	mem_free(b->ptr);
	*b = (struct buf){0};
}

void
buf_reset(struct buf *b)
{
	if (b->ptr != NULL)
		explicit_bzero(b->ptr, b->len);
	b->len = 0;
	b->failed = false;
}

/* Room for `more` bytes, or the sticky failure. */
static bool
buf_room(struct buf *b, size_t more)
{
	size_t capacity = b->capacity == 0 ? 256 : b->capacity;

	if (b->failed || more > b->len_max - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + more <= b->capacity)
		return true;
	while (capacity < b->len + more)
		capacity *= 2;
	b->ptr = mem_raw_resize(b->ptr, capacity);
	b->capacity = capacity;
	return true;
}

void
buf_add(struct buf *b, const void *ptr, size_t len)
{
	if (len == 0 || !buf_room(b, len))
		return;
	memcpy(b->ptr + b->len, ptr, len);
	b->len += len;
}

void
buf_add_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

static void add_long(struct buf *b, size_t len, const char *format, va_list ap)
    PRINTF_LIKE(3, 0);

/* A text that is longer than usual goes by way of the heap, measured before. */
static void
add_long(struct buf *b, size_t len, const char *format, va_list ap)
{
	char *text;

	if (!buf_room(b, len))
		return;
	text = mem_array(len + 1, 1);
	vsnprintf(text, len + 1, format, ap);
	buf_add(b, text, len);
	mem_free(text);
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	char text[512];
	va_list ap;
	va_list again;
	int len;

	va_start(ap, format);
	va_copy(again, ap);
	len = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (len < 0)
		b->failed = true; /* longer than an int can say */
	else if ((size_t)len < sizeof(text))
		buf_add(b, text, (size_t)len);
	else
		add_long(b, (size_t)len, format, again);
	va_end(again);
}

struct span
buf_span(const struct buf *b)
{
	return (struct span){b->ptr, b->len};
}
