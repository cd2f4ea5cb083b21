/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/sms_compose.h"

struct sms_composed
sms_compose_add(
    struct buf *out, const struct sms_compose *from, const struct render_fill *fill)
{
	struct sms_composed made = {0};
	size_t begin = out->len;

	render_text(out, from->text, fill);
	if (from->gsm7 == GSM7_REPLACE)
		made.replaced = sms_equal_replace(from->alphabet, out, begin);
	if (from->autofill.domain != NULL || from->autofill.android_hash != NULL)
		made.autofill = sms_autofill_add(
		    from->alphabet, out, begin, &from->autofill, fill->pin.value);
	return made;
}
