/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields of a request, by name (RFC 9110 5.1). They are borrowed octets. */
#ifndef WW_HEADER_H
#define WW_HEADER_H

#include "base.h"

struct header {
	struct span name;
	struct span value; /* without the white space around it */
};

/* The value of the first field of that name, in any case; an empty span when there is
 * none. */
struct span header_find(const struct header *headers, size_t count, const char *name);

#endif
