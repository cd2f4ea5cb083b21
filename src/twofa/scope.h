/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes of a credential (contract 5.5); any one of an operation's suffices. */
#ifndef WW_SCOPE_H
#define WW_SCOPE_H

#include "base/base.h"

enum scope {
	SCOPE_MANAGE = 1 << 0,     /* 2fa:manage: everything of 2FA */
	SCOPE_PIN_SEND = 1 << 1,   /* 2fa:pin:send: send, resend, verify, verifications */
	SCOPE_PIN_MANAGE = 1 << 2, /* 2fa:pin:manage: all PIN operations */
	SCOPE_SDK = 1 << 3,        /* 2fa:sdk: nothing that is offered here */
	SCOPE_ACCOUNT = 1 << 4,    /* account-management:manage: API keys; users only */
	SCOPE_OTHERS = 0x3f << 5,  /* names of other products, which open nothing here */
	/* Not a scope: every valid credential has it. */
	SCOPE_SIGNED_IN = 1 << 30,
};

#define SCOPE_ALL                                                                        \
	(SCOPE_MANAGE | SCOPE_PIN_SEND | SCOPE_PIN_MANAGE | SCOPE_SDK | SCOPE_ACCOUNT)
/* The scopes that open every PIN operation. */
#define SCOPE_PIN (SCOPE_MANAGE | SCOPE_PIN_SEND | SCOPE_PIN_MANAGE)

/* 0 when there is no scope of that name. */
unsigned scope_find(const char *name);
/* The name of the i-th scope, NULL after the last. */
const char *scope_name(unsigned i);

#endif
