/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/scope.h"

/* By bit. */
static const char *const names[] = {"2fa:manage", "2fa:pin:send", "2fa:pin:manage",
    "2fa:sdk", "account-management:manage", "number-lookup:manage", "number-lookup:send",
    "number-lookup:logs:read", "message:send", "sms:message:send", "sms:manage"};

unsigned
scope_find(const char *name)
{
	for (unsigned i = 0; i < countof(names); i++)
		if (strcmp(names[i], name) == 0)
			return 1u << i;
	return 0;
}

const char *
scope_name(unsigned i)
{
	return i < countof(names) ? names[i] : NULL;
}
