/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cost of a text as a short message before anybody is sent one: its alphabet and
 * parts, the characters that force UCS-2, where the PIN and the line for autofill stand.
 */
#ifndef WW_TEXT_LINT_H
#define WW_TEXT_LINT_H

#include "base/arena.h"
#include "twofa/sms_compose.h"

enum { TEXT_LINT_FORCING_MAX = 100 };

struct text_lint_ask {
	struct sms_compose message;
	const char *placeholder; /* of the PIN; NULL: "{{pin}}" */
	unsigned pin_length;
	/* The longest values of placeholders. */
	const struct render_value *values;
	size_t count;
	const char *other; /* in the place of those that have none here */
};

/* A character that the alphabet has not. */
struct text_lint_forcing {
	uint32_t character;
	struct span octets;      /* of it */
	size_t at;               /* characters before it, in its text or value */
	const char *placeholder; /* in whose value it is; NULL: in the text */
	const char *equal;       /* by which it may be replaced; NULL: by nothing */
};

struct text_lint_place {
	bool found;
	size_t at;     /* characters before it, in the message */
	unsigned part; /* in which it begins, from 1 */
	bool whole;    /* it ends there too */
};

struct text_lint {
	enum sms_alphabet alphabet;
	unsigned parts;
	size_t characters;
	size_t units; /* of all parts: octets, or septets in GSM 7 bit */
	/* the same if no character were replaced */
	enum sms_alphabet kept_alphabet;
	unsigned kept_parts;
	bool replaced;
	bool autofill_wanted;
	struct sms_autofill_added autofill;
	struct text_lint_place pin;
	struct text_lint_place line; /* for autofill */
	struct text_lint_forcing *forcing;
	size_t forcing_kept; /* TEXT_LINT_FORCING_MAX at most */
	size_t forcing_count;
	const char **unknown; /* placeholders that took `other` */
	size_t unknown_count;
};

/* ERR_SYNTAX: not UTF-8; ERR_TOO_LARGE: more than 16 KiB, or than a message may have. */
enum err text_lint(
    const struct text_lint_ask *ask, struct arena *a, struct text_lint *out) MUST_CHECK;

#endif
