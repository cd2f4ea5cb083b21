/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes compact JSON (RFC 8259) into a buffer, members in the order of the
 * calls, which is what the contract fixes for responses. Inside an array, and at
 * the top, the name is NULL. Text must be UTF-8; a broken sequence is written as
 * U+FFFD, so that the output is always valid. A NULL text writes nothing: the
 * API never emits null.
 */
#ifndef WW_JSON_OUT_H
#define WW_JSON_OUT_H

#include "buf.h"

enum { JSON_OUT_DEPTH_MAX = 16 };

struct json_out {
	struct buf *to;
	unsigned depth;
	bool comma;
	char closers[JSON_OUT_DEPTH_MAX];
};

void json_out_init(struct json_out *o, struct buf *to);
void json_out_object(struct json_out *o, const char *name);
void json_out_array(struct json_out *o, const char *name);
void json_out_end(struct json_out *o); /* closes the innermost object or array */
void json_out_text(struct json_out *o, const char *name, const char *text);
void json_out_span(struct json_out *o, const char *name, struct span text);
/* A value that is JSON already. */
void json_out_json(struct json_out *o, const char *name, struct span value);
void json_out_int(struct json_out *o, const char *name, int64_t value);
void json_out_bool(struct json_out *o, const char *name, bool value);
/* The shortest decimal that reads back the same; with ".0" when whole. */
void json_out_double(struct json_out *o, const char *name, double value);

#endif
