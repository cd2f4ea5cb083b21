/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared part of the fuzz targets. A target is one function over octets of nobody in
 * particular; libFuzzer calls it, and what must hold is asserted by INVARIANT.
 */
#ifndef WW_TEST_FUZZ_H
#define WW_TEST_FUZZ_H

#include "base/base.h"

/* The rest of an input, which a target takes apart from its front. */
struct fuzz_input {
	const uint8_t *ptr;
	size_t len;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The first octet; 0 when nothing is left. */
static inline uint8_t
fuzz_octet(struct fuzz_input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->ptr++;
}

/* A copy of exactly that length, so that a read beyond its end is seen; mem_free it. */
static inline struct span
fuzz_copy(const void *ptr, size_t len)
{
	char *copy = mem_array(len + (len == 0), 1);

	if (len > 0)
		memcpy(copy, ptr, len);
	return (struct span){copy, len};
}

static inline void
fuzz_forget(struct span s)
{
	mem_free((char *)(uintptr_t)s.ptr);
}

/* The octets before the next line end, which is taken too. */
static inline struct span
fuzz_line(struct fuzz_input *in)
{
	const uint8_t *start = in->ptr;
	const uint8_t *end = in->len == 0 ? NULL : memchr(start, '\n', in->len);
	size_t len = end == NULL ? in->len : (size_t)(end - start);
	size_t used = end == NULL ? len : len + 1;

	in->ptr += used;
	in->len -= used;
	return (struct span){(const char *)start, len};
}

#endif
