/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/phone.h"

enum err
phone_canonical(struct span text, char out[PHONE_DIGITS_MAX + 1])
{
	bool plus = false;
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c != '\0' && strchr(" -./()", c) != NULL)
			continue;
		if (c == '+' && n == 0 && !plus) {
			plus = true;
			continue;
		}
		if (c < '0' || c > '9' || n == PHONE_DIGITS_MAX)
			return ERR_INVALID;
		out[n++] = c;
	}
	out[n] = '\0';
	return n < PHONE_DIGITS_MIN || out[0] == '0' ? ERR_INVALID : OK;
}
