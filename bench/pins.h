/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PINs that went out, as a person's phone would have them: lines of the `file`
 * carrier, read from a pipe. The newest PINS_MAX are kept.
 */
#ifndef WW_BENCH_PINS_H
#define WW_BENCH_PINS_H

#include "base/base.h"

enum { PINS_MAX = 1 << 20, PIN_ID_LEN = 32, PIN_CODE_MAX = 16 };

struct pin {
	char id[PIN_ID_LEN + 1];
	char code[PIN_CODE_MAX + 1];
};

struct pins;

/* Opens the pipe for reading without waiting; NULL path: there are none. */
struct pins *pins_open(const char *path) MUST_CHECK;
int pins_fd(const struct pins *p); /* -1: none */
/* Takes what is there. */
void pins_read(struct pins *p);
uint64_t pins_count(const struct pins *p);
/* Any of those that are kept; there must be one. */
const struct pin *pins_any(const struct pins *p, uint64_t random);
const struct pin *pins_find(const struct pins *p, const char *id);

#endif
