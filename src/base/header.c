/* SPDX-License-Identifier: Apache-2.0 */
#include "header.h"

struct span
header_find(const struct header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal_nocase(headers[i].name, name))
			return headers[i].value;
	return (struct span){NULL, 0};
}
