/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/phone.h"

enum err
phone_canonical(struct span text, char out[PHONE_DIGITS_MAX + 1])
{
	struct span s = span_trim(text);
	size_t n = 0;
	size_t i = s.len > 0 && s.ptr[0] == '+' ? 1 : 0;

	for (; i < s.len; i++) {
		char c = s.ptr[i];

		if (c != '\0' && strchr(" -./()", c) != NULL)
			continue;
		if (c < '0' || c > '9' || n == PHONE_DIGITS_MAX)
			return ERR_INVALID;
		out[n++] = c;
	}
	out[n] = '\0';
	return n < PHONE_DIGITS_MIN || out[0] == '0' ? ERR_INVALID : OK;
}
