/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal digits, for readers of escapes and of chunk sizes. */
#include "base.h"

int
hex_digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
