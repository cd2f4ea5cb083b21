/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/ucs2_value.h"

#include "base/json.h"
#include "base/utf8.h"
#include "twofa/sms_text.h"

static bool
find_in(struct span value, struct ucs2_value *out)
{
	for (out->at = 0; value.len > 0; out->at++) {
		size_t len = 0;

		out->character = utf8_decode(value, &len);
		if (len == 0)
			return false;
		if (sms_text_units(SMS_GSM7, out->character) == 0)
			return true;
		value = (struct span){value.ptr + len, value.len - len};
	}
	return false;
}

struct ucs2_value
ucs2_value_find(struct span placeholders, struct arena *a)
{
	json_t *doc = placeholders.len == 0
			  ? NULL
			  : json_loadb(placeholders.ptr, placeholders.len, 0, NULL);
	struct ucs2_value found = {0};
	const char *name;
	json_t *value;

	json_object_foreach(doc, name, value)
	{
		const char *text = json_string_value(value);

		if (text == NULL || !find_in(span_of(text), &found))
			continue;
		found.name = arena_text(a, span_of(name));
		break;
	}
	json_decref(doc);
	return found;
}
