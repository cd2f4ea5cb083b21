/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The placeholders of a send: texts by name, kept as a compact JSON object beside the
 * message. Faults are named after the member in the request's fail: "placeholders.NAME".
 */
#ifndef WW_OPS_PLACEHOLDERS_H
#define WW_OPS_PLACEHOLDERS_H

#include "base/fail.h"
#include "base/json.h"

/* How many there may be; octets of a value. */
enum { PLACEHOLDERS_MAX = 50, PLACEHOLDER_LEN_MAX = 1000 };

struct placeholders {
	struct arena *arena;
	struct fail *fail;
	const char *member;
	json_t *kept;
};

void placeholders_begin(
    struct placeholders *p, struct arena *a, struct fail *f, const char *member);
/* NULL: there is a value, and it is no text. */
void placeholders_add(struct placeholders *p, const char *name, const char *value);
/* The object, in the arena. Each begin needs its end. */
const char *placeholders_end(struct placeholders *p);

/* A value of so many characters that every alphabet has; the longest one there may be. */
const char *placeholders_of_length(struct arena *a, size_t len);
const char *placeholders_longest(struct arena *a);

#endif
