/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Pointer (RFC 6901): the place of a value in a document of somebody else's. */
#ifndef WW_JSON_POINTER_H
#define WW_JSON_POINTER_H

#include "json.h"

/* Empty, or segments that each begin with a slash and use ~ only as ~0 and ~1. */
bool json_pointer_is_valid(const char *pointer);
/* NULL: nothing is there. A pointer that is not valid finds nothing. */
const json_t *json_pointer_find(const json_t *doc, const char *pointer);
/* A text, a whole number, true or false, as its text; false for everything else, also
 * for what does not fit. */
bool json_pointer_scalar_text(const json_t *value, char *out, size_t out_len);

#endif
