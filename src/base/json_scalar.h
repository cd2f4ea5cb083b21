/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalars of JSON in the type that is wanted, as the service that callers were written
 * for takes them: Jackson's ObjectMapper (2.15) with the settings it comes with. A text
 * where a number or a truth value is wanted is read; so is a number where a text is.
 *
 *   wanted    taken beside its own type
 *   text      numbers, true, false; 4.0 is "4"
 *   integer   "5", " 5 ", "+5"; 5.9 is 5
 *   number    "1.5", integers
 *   true      1 and every other integer but 0; "true" in any case
 *
 * Jackson's rest is refused: two members of one name and octets behind the document, as
 * two readers could take them for two requests; an enumeration by its position.
 */
#ifndef WW_JSON_SCALAR_H
#define WW_JSON_SCALAR_H

#include <jansson.h>

#include "arena.h"
#include "buf.h"

enum { JSON_DOUBLE_LEN = 40 };

/* The shortest text that is read as the same number. */
void json_scalar_double_text(double number, char out[JSON_DOUBLE_LEN]);
/* NULL: it is no scalar, or null. The text is the arena's. */
const char *json_scalar_as_text(const json_t *value, struct arena *a);
bool json_scalar_as_int(const json_t *value, int64_t *out) MUST_CHECK;
bool json_scalar_as_bool(const json_t *value, bool *out) MUST_CHECK;
/* Never infinite, nor NaN. */
bool json_scalar_as_double(const json_t *value, double *out) MUST_CHECK;
/* A blank text, or the text "null": nothing, where another type than text is wanted. */
bool json_scalar_says_nothing(const json_t *value);
/* PHP's encoding of an empty map. */
bool json_scalar_is_empty_array(const json_t *value);
/*
 * Copies JSON, with quotes around the numbers that neither int64_t nor double holds. At
 * most twice the length; what is no JSON stays none.
 */
void json_scalar_quote_large(struct span text, struct buf *out);

#endif
