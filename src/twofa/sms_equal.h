/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Characters that force UCS-2, and what the alphabet of short messages has for them: one
 * typographic quote makes 160 characters of a part 70. Unicode's letters stay; a letter
 * that is written as two characters becomes the one that the alphabet has (UAX 15, NFC).
 */
#ifndef WW_SMS_EQUAL_H
#define WW_SMS_EQUAL_H

#include "base/buf.h"
#include "twofa/sms_text.h"

/* A template's rule for such characters. Stored as these numbers. */
enum gsm7_rule {
	GSM7_KEEP,
	GSM7_REPLACE, /* where the whole text then needs no UCS-2; else nothing is */
	GSM7_REFUSE,  /* a template or a placeholder that has one */
	GSM7_RULE_COUNT
};

/* "keep" ... */
const char *sms_equal_rule_name(enum gsm7_rule rule);
bool sms_equal_rule_find(const char *name, enum gsm7_rule *out) MUST_CHECK;
/* UTF-8, perhaps empty; NULL: nothing means the same. */
const char *sms_equal_of(uint32_t character);
/* The text behind `begin` with equals in the place of all that the alphabet has not.
 * False, and all is as it was: it has none for some of them, or needs none, or is not
 * UTF-8. */
bool sms_equal_replace(enum sms_alphabet own, struct buf *out, size_t begin);

#endif
