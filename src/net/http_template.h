/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts with {{placeholders}} that end in a URL, a header or a body. Each value is
 * escaped for the place where it stands, so that no value can end it; {{raw:name}} is the
 * one way around, for whoever writes the configuration. The text between {{?name}} and
 * {{/}} is written only where the value is there, as a member that must not be empty;
 * these may stand in each other. No expressions, no loops.
 */
#ifndef WW_HTTP_TEMPLATE_H
#define WW_HTTP_TEMPLATE_H

#include "base/arena.h"
#include "base/buf.h"

enum http_template_sink {
	HTTP_TEMPLATE_SINK_URL,    /* a component of a URL, or a value of a form (RFC
				      3986 2.1) */
	HTTP_TEMPLATE_SINK_JSON,   /* inside a JSON text; the quotes are the template's */
	HTTP_TEMPLATE_SINK_XML,    /* content or quoted attribute (XML 1.0) */
	HTTP_TEMPLATE_SINK_HEADER, /* a field's value; one with a control character is
				      refused */
	HTTP_TEMPLATE_SINK_PLAIN, /* nothing is escaped, and so nothing but raw allowed */
};

enum http_template_mark {
	HTTP_TEMPLATE_MARK_NONE,  /* the text ends */
	HTTP_TEMPLATE_MARK_VALUE, /* {{name}} */
	HTTP_TEMPLATE_MARK_IF,    /* {{?name}} */
	HTTP_TEMPLATE_MARK_END,   /* {{/}} */
};

struct http_template_piece {
	struct span literal;
	enum http_template_mark mark; /* what follows the literal */
	int value;                    /* its number */
	bool raw;
};

struct http_template {
	enum http_template_sink sink;
	size_t count;
	struct http_template_piece *pieces;
	uint32_t used; /* 1 << number of each placeholder that stands in it */
};

/* `names` ends with NULL and has at most 32; the number of a placeholder is its place
 * there. ERR_INVALID says in `why` what is wrong. The text must outlive the template. */
enum err http_template_parse(struct http_template *t, struct arena *a, const char *text,
    const char *const *names, char why[256]) MUST_CHECK;
/* ERR_INVALID: a value cannot stand there (a control character in a header, text that
 * is no UTF-8). A value of NULL is written as nothing; one that is empty is not there
 * either. */
enum err http_template_put(
    const struct http_template *t, const struct span *values, struct buf *out) MUST_CHECK;
/* Percent-encodes all but the unreserved characters of RFC 3986. */
void http_template_put_url(struct buf *out, struct span value);
/* Escaped as content or quoted attribute. ERR_INVALID: it is no UTF-8, or has a control
 * character, most of which XML 1.0 2.2 has no way to write. */
enum err http_template_put_xml(struct buf *out, struct span value) MUST_CHECK;

#endif
