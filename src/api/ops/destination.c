/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/destination.h"

#include "twofa/mailbox.h"
#include "twofa/phone.h"

static const char *
read_number(struct call *c, const char *field, struct span s)
{
	char digits[PHONE_DIGITS_MAX + 1];

	if (phone_canonical(s, digits) == OK)
		return arena_text(&c->arena, span_of(digits));
	fail_add(&c->fail, field, "%s", phone_fault(s, &c->arena));
	return NULL;
}

static const char *
read_mailbox(struct call *c, const char *field, struct span s)
{
	char mailbox[MAILBOX_LEN_MAX + 1];

	if (mailbox_canonical(s, mailbox) == OK)
		return arena_text(&c->arena, span_of(mailbox));
	fail_add(&c->fail, field, "must be an email address such as jane@example.com");
	return NULL;
}

const char *
destination_read(
    struct call *c, enum channel_address kind, const char *field, const char *text)
{
	return kind == CHANNEL_TO_MAILBOX ? read_mailbox(c, field, span_of(text))
					  : read_number(c, field, span_of(text));
}

const char *
destination_read_any(struct call *c, const char *text)
{
	return destination_read(c,
	    strchr(text, '@') == NULL ? CHANNEL_TO_NUMBER : CHANNEL_TO_MAILBOX, "to",
	    text);
}
