/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A body in XML 1.0 as the document that JSON would be: an element with elements inside
 * is an object, every other one a text; the root's name, attributes and namespaces say
 * nothing, but xsi:nil="true" is null. Members are found by their local names, and those
 * of a map are decoded as ISO/IEC 9075-14 9.1 encodes them: _x0020_ is a space.
 *
 * Refused as ERR_SYNTAX, with the reason: what is not well-formed (XML 1.0, Namespaces
 * 1.0), a document type, a declared encoding that is not UTF-8, an element with both text
 * and elements, two of one name in one, more than JSON_DEPTH_MAX levels, more than
 * XML_ELEMENTS_MAX elements or XML_LEN_MAX octets. No entity is
 * expanded but the five of XML itself, and nothing is fetched.
 */
#ifndef WW_XML_H
#define WW_XML_H

#include "base/fail.h"
#include "base/json.h"

/* The library compares each attribute of a tag with all before it: 32 ms for the longest
 * tag. */
enum { XML_ELEMENTS_MAX = 4096, XML_LEN_MAX = 64 * 1024 };

/* On OK the caller owns *out (json_decref). */
enum err xml_parse(
    struct arena *a, struct fail *f, struct span body, json_t **out) MUST_CHECK;
/*
 * Texts become what the rows want where they can be read as that, so that the document is
 * the one of the same request in JSON; an element without anything inside is an empty
 * object where an object is wanted.
 */
void xml_fit(json_t *doc, const struct json_row *rows);

#endif
