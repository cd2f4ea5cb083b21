/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads JSON (RFC 8259) into structs by rows: one row a member, with its kind,
 * bounds and place. Unknown members are ignored and null counts as absent, as
 * the contract asks; a wrong type or an exceeded bound is named in `struct fail`
 * with the member's path. Scalars of another type are taken as json_scalar.h says.
 *
 * The document is checked before jansson sees it: at most JSON_DEPTH_MAX levels.
 * Duplicate members, invalid UTF-8 and U+0000 are refused. A number that neither int64_t
 * nor double holds is read as the text of its digits.
 */
#ifndef WW_JSON_H
#define WW_JSON_H

#include <jansson.h>

#include "fail.h"

enum { JSON_DEPTH_MAX = 16 };

struct opt_int {
	bool set;
	int64_t value;
};

struct opt_bool {
	bool set;
	bool value;
};

struct opt_double {
	bool set;
	double value;
};

enum json_kind {
	JSON_ROW_TEXT, /* const char *; min..max characters; blank only where min is 0 */
	JSON_ROW_LINE, /* the same in one line, as utf8_is_line has it */
	JSON_ROW_INT,  /* struct opt_int; min..max */
	JSON_ROW_BOOL, /* struct opt_bool */
	JSON_ROW_DOUBLE, /* struct opt_double; min..max */
	JSON_ROW_OBJECT, /* members by `rows`, into the same struct; [] is {} */
	JSON_ROW_VALUE,  /* json_t *, borrowed from the document */
	JSON_ROW_MAP,    /* the same, of names that its reader knows */
};

struct json_row {
	const char *name;
	enum json_kind kind;
	bool required; /* absent, null and blank text fail: "must not be blank" */
	size_t offset;
	double min;
	double max;                  /* 0: no bound */
	const struct json_row *rows; /* ends with a row without a name */
};

/* Call once at start: memory that jansson frees is wiped. */
void json_init(void);
/*
 * Parses one document of any type. ERR_SYNTAX adds to `fail`, with the position,
 * what is wrong. On OK the caller owns *doc_out (json_decref).
 */
enum err json_parse(struct span text, struct fail *fail, json_t **doc_out) MUST_CHECK;
/* Fills `out` from an object; ERR_INVALID when `fail` was added to. */
enum err json_read(const json_t *doc, const struct json_row *rows, struct fail *fail,
    void *out) MUST_CHECK;

#endif
