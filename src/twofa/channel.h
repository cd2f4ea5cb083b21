/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels: the ways by which a PIN reaches a person. One table says what they differ in;
 * the content of a message has a part for each, and a carrier says
 * which of them it carries.
 */
#ifndef WW_CHANNEL_H
#define WW_CHANNEL_H

#include "base/base.h"

/* Stored as these numbers. */
enum channel {
#define CHANNEL(symbol, ...) symbol,
#include "twofa/channel.def"
#undef CHANNEL
	CHANNEL_COUNT
};

/* The kind of a destination. */
enum channel_address {
	CHANNEL_TO_NUMBER,  /* E.164 digits (twofa/phone.h) */
	CHANNEL_TO_MAILBOX, /* twofa/mailbox.h */
};

/* Stored as these numbers: only ever add at the end. */
enum template_kind { TEMPLATE_MESSAGE = 0, TEMPLATE_EMAIL = 1, TEMPLATE_KIND_COUNT };

struct channel_row {
	const char *name;
	enum channel_address address;
	bool looked_up; /* a lookup may be asked whether the destination can be reached */
	bool has_parts; /* a text goes out, and is paid, in parts (twofa/sms_text.h) */
	enum template_kind template; /* which templates are sent over it */
	size_t text_len_max;         /* octets of all texts of a message, rendered */
};

/* A set of channels: 1 << enum channel of each. */
#define CHANNEL_BIT(channel) (1u << (unsigned)(channel))
#define CHANNELS_ALL (CHANNEL_BIT(CHANNEL_COUNT) - 1)

const struct channel_row *channel_row(enum channel c);
/* "sms" */
const char *channel_name(enum channel c);
/* False: none is called so. */
bool channel_find(const char *name, enum channel *out) MUST_CHECK;
#define CHANNEL_NAMES "sms, voice or email"

#endif
