/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the JSON of strangers: what a gateway answers, what its receipts hold, what a
 * number lookup says. It is read for the members that somebody will ask for, so what is
 * odd elsewhere in it costs nothing. Our own callers are read by json.h, which names
 * their faults.
 *
 * The octets are respelled as RFC 8259 has it and then given to jansson: the grammar
 * stays the library's, and a walk over octets has no tree to build and no recursion. So
 *
 *  - a number that is no integer of 64 bits is a text of its own digits, also one with a
 *    fraction: an id loses none of them;
 *  - any other bare word inside an object or an array is a text (NaN, 007, True);
 *  - a byte order mark before the document and whatever is behind it are skipped;
 *  - in texts a control character is taken as it is, octets that are no UTF-8, halves of
 *    surrogate pairs and U+0000 become U+FFFD, and an escape that is none is its letter;
 *  - of two members of one name the last counts;
 *  - a comma before a closing bracket is let be.
 *
 * A document that is cut off or nested deeper than JSON_LENIENT_DEPTH_MAX is none: what
 * is behind the cut might have been the rest of a list that is taken whole or not at all.
 */
#ifndef WW_JSON_LENIENT_H
#define WW_JSON_LENIENT_H

#include <jansson.h>

#include "base.h"

enum { JSON_LENIENT_DEPTH_MAX = 64, JSON_LENIENT_LEN_MAX = 16 * 1024 * 1024 };

/* ERR_SYNTAX, and *doc_out is NULL: it is no JSON, or longer than JSON_LENIENT_LEN_MAX
 * octets. On OK the caller owns *doc_out (json_decref); what was between is wiped. */
enum err json_lenient_parse(struct span text, json_t **doc_out) MUST_CHECK;

#endif
