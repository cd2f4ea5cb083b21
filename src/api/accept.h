/* SPDX-License-Identifier: Apache-2.0 */
/* The format that a caller asks an answer for: Accept (RFC 9110 12.5.1). */
#ifndef WW_API_ACCEPT_H
#define WW_API_ACCEPT_H

#include "base/header.h"

/*
 * The Content-Type of an answer in XML: a static text. NULL: JSON, which is also the
 * answer where both are as welcome, where no field asks for either, and where every field
 * refuses both.
 */
const char *accept_xml_type(const struct header *headers, size_t count);

#endif
