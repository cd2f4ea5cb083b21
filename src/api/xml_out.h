/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same answer in XML 1.0: JSON that our own wires wrote (base/json_out.h), an element
 * a member, in pieces of whole tokens. The shape is that of the published examples:
 *
 *   {"to":"41","emailStatus":{"name":"X"}}
 * <ROOT><to>41</to><emailStatus><name>X</name>...
 *   {"verifications":[{..},{..}]}
 * <ROOT><verifications><verifications>..</verifications>...
 *   [{..},{..}]                    <ROOT><item>..</item><item>..</item></ROOT>
 *
 * A character that no XML may hold is U+FFFD. One that no name may hold, or that is not
 * ASCII, is _xHHHH_ or _xHHHHHH_ in a name, and so is an underscore that would be read as
 * the beginning of one (ISO/IEC 9075-14 9.1).
 */
#ifndef WW_XML_OUT_H
#define WW_XML_OUT_H

#include "base/json_out.h"

struct xml_level {
	size_t name_at; /* of its element, in names */
	bool object;
};

struct xml_out {
	struct buf to;
	struct buf names; /* of the open elements, the outermost first */
	unsigned depth;
	bool named; /* the innermost is a member whose value comes next */
	struct xml_level open[JSON_OUT_DEPTH_MAX + 2];
};

void xml_out_init(struct xml_out *x, size_t len_max);
void xml_out_fini(struct xml_out *x);
/* `root` names the outermost element, and is read with the first piece alone. Octets
 * that are no JSON of that kind (a row was damaged) harm nothing, and may be to.failed.
 */
void xml_out_json(struct xml_out *x, const char *root, struct span json);

#endif
