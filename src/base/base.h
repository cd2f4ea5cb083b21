/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For every file: attributes, spans of bytes, error values and the assertions that stay
 * on in production.
 *
 * An assertion states what the program itself guarantees; it is never used on input,
 * configuration or stored data, and tools/invariants.txt says of each function why none
 * of them reaches it. When one fails the process prints where and stops: a PIN service
 * that no longer knows its own state must not answer.
 */
#ifndef WW_BASE_H
#define WW_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN __attribute__((noreturn))

#define countof(array) (sizeof(array) / sizeof((array)[0]))

/* The object that holds this member. */
#define container_of(ptr, type, member)                                                  \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Every error the program can return, from err.def. OK is zero. */
enum err {
#define ERR_ROW(symbol, kind, sentence) symbol,
#include "err.def"
#undef ERR_ROW
	ERR_COUNT
};

/* The side that can do something about an error. */
enum err_kind {
	ERR_KIND_NONE,
	ERR_KIND_CALLER,  /* the request is at fault; repeating it changes nothing */
	ERR_KIND_LATER,   /* the same request may work later */
	ERR_KIND_OURS,    /* a fault of ours or of the machine */
	ERR_KIND_UNKNOWN, /* it may or may not have happened */
};

/* One English sentence without a full stop. */
const char *err_text(enum err e);
enum err_kind err_kind(enum err e);

/* Bytes owned by somebody else; not terminated. */
struct span {
	const char *ptr;
	size_t len;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

struct span span_of(const char *text); /* NULL gives an empty span */
bool span_equal(struct span a, struct span b);
bool span_equal_text(struct span a, const char *text);
/* ASCII letters without regard to case. */
bool span_equal_nocase(struct span a, const char *text);
/* Without leading and trailing spaces and tabs. */
struct span span_trim(struct span s);

NORETURN void panic_invariant(const char *file, int line, const char *what);
NORETURN void panic(const char *format, ...) PRINTF_LIKE(1, 2);

#define INVARIANT(condition)                                                             \
	do {                                                                             \
		if (!(condition))                                                        \
			panic_invariant(__FILE__, __LINE__, #condition);                 \
	} while (0)

/*
 * Memory, threads, descriptors: the machine alone can refuse them. That is no fault of
 * ours, so it ends the process as panic does, with a sentence and status 70.
 */
NORETURN void panic_resource(const char *file, int line, const char *what);

#define RESOURCE(condition)                                                              \
	do {                                                                             \
		if (!(condition))                                                        \
			panic_resource(__FILE__, __LINE__, #condition);                  \
	} while (0)

/* An object carries a magic number as its first member; see miniobj in Varnish. */
#define CHECK_OBJ(ptr, value) INVARIANT((ptr) != NULL && (ptr)->magic == (value))

/* Memory of the process; running out of it ends the process with a message. */
void *mem_new(size_t size) MUST_CHECK; /* zeroed */
void *mem_array(size_t count, size_t size) MUST_CHECK;
char *mem_text(const char *text) MUST_CHECK; /* NULL stays NULL */
/* Frees after wiping, whatever its length; NULL is allowed. */
void mem_free(void *ptr);
/* At the start of a program that runs for long: what is large goes back to the system
 * when it is freed, and leaves no hole that fills with what stays. */
void mem_keep_tidy(void);
/* Makes malloc-based libraries (libevent, jansson) wipe what they free, and end as all
 * of us when there is no memory. */
void *mem_raw_alloc(size_t size);
void *mem_raw_resize(void *ptr, size_t size);

/* 0 to 15; -1: it is no hexadecimal digit. */
int hex_digit_value(char c);

#endif
