/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/number.h"

#include "twofa/phone.h"

const char *
number_read(struct call *c, const char *text)
{
	char digits[PHONE_DIGITS_MAX + 1];
	struct span s = span_of(text);

	if (phone_canonical(s, digits) == OK)
		return arena_text(&c->arena, span_of(digits));
	fail_add(&c->fail, "to", "%s", phone_fault(s, &c->arena));
	return NULL;
}
