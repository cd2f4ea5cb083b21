/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mail address as it goes out: "Jane Smith <jane@exämple.com>" taken apart, with its
 * domain in the form that every relay and every resolver knows (A-labels, RFC 5890).
 */
#ifndef WW_MAIL_ADDRESS_H
#define WW_MAIL_ADDRESS_H

#include "base/arena.h"

struct mail_address {
	const char *name;    /* the display name, without quotes; "": none */
	const char *mailbox; /* "jane@xn--exmple-cua.com" */
	const char *domain;  /* of it */
	bool needs_utf8;     /* its local part is beyond ASCII (RFC 6531) */
};

/* ERR_INVALID: it is no mailbox that can be written to. */
enum err mail_address_parse(
    struct arena *a, const char *text, struct mail_address *out) MUST_CHECK;

#endif
