/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request as a document (struct call), and from there into a struct by
 * rows. A dialect says by its hook `read_body` which formats it takes. A member of a form
 * is a text; the rows take texts for numbers and truth values (base/json_scalar.h), so
 * one table of rows serves a form and JSON.
 */
#ifndef WW_BODY_H
#define WW_BODY_H

#include "api/call.h"

/* JSON (RFC 8259), whatever it is called. ERR_SYNTAX; ERR_MEDIA_TYPE: it is called
 * something else, and is none. */
enum err body_json(struct call *c) MUST_CHECK;
/* The same, or a form that is called so and does not begin as JSON. */
enum err body_json_or_form(struct call *c) MUST_CHECK;
/* JSON, or XML (xml.h) where it is called application/xml or text/xml. */
enum err body_json_or_xml(struct call *c) MUST_CHECK;
/* A form, and nothing else. ERR_MEDIA_TYPE: it is called something else. */
enum err body_form(struct call *c) MUST_CHECK;
/*
 * Reads the body by rows. An absent or blank body counts as {}, as does PHP's empty map,
 * []. ERR_INVALID: members that could not be read are in call.fail, the others in `out`.
 */
enum err body_read(struct call *c, const struct json_row *rows, void *out) MUST_CHECK;
/* As it came, without a byte order mark and the white space that it begins with. */
struct span body_octets(const struct call *c);

#endif
