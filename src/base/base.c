/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors, spans, failed assertions and process memory. Everything freed here is
 * wiped first, so that a PIN that passed through a buffer does not outlive it.
 */
#include "base.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

static const struct {
	enum err_kind kind;
	const char *text;
} err_rows[ERR_COUNT] = {
#define ERR_ROW(symbol, kind, sentence) [symbol] = {kind, sentence},
#include "err.def"
#undef ERR_ROW
};

const char *
err_text(enum err e)
{
	INVARIANT((unsigned)e < ERR_COUNT);
	return err_rows[e].text;
}

enum err_kind
err_kind(enum err e)
{
	INVARIANT((unsigned)e < ERR_COUNT);
	return err_rows[e].kind;
}

struct span
span_of(const char *text)
{
	return (struct span){text, text == NULL ? 0 : strlen(text)};
}

bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
span_equal_text(struct span a, const char *text)
{
	return span_equal(a, span_of(text));
}

bool
span_equal_nocase(struct span a, const char *text)
{
	return a.len == strlen(text) && strncasecmp(a.ptr, text, a.len) == 0;
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

void
invariant_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "watchword: invariant failed at %s:%d: %s\n", file, line, what);
	abort();
}

void
resource_failed(const char *file, int line, const char *what)
{
	panic("out of memory, threads or open files (%s:%d: %s)", file, line, what);
}

void
panic(const char *format, ...)
{
	va_list ap;

	fputs("watchword: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	_exit(70);
}

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

int
hex_digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
